//! Turns what was counted into the answer to a scrape.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily};

use crate::description::{Kind, pairs};
use crate::distribution::{Bounds, Total};
use crate::error::Error;
use crate::groups::Series;
use crate::labels::Labels;
use crate::record::{Key, Record, RequestGroup, RequestGroups, Settings, status_instead};
use crate::schema::{Entry, Label, Role};

/// Collects the metrics of requests. Each metric sums all series that its labels do not distinguish.
pub(crate) struct RequestCollector {
    descs: Vec<Desc>,
    entries: Vec<Entry>,
    groups: Arc<RequestGroups>,
}

/// Registers a collector under the names of what it collects.
///
/// # Errors
///
/// If the registry already has a metric of one of these names.
pub(crate) fn register(registry: &Registry, collector: impl Collector + 'static) -> Result<(), Error> {
    let names: Vec<_> = collector.desc().iter().map(|desc| desc.fq_name.clone()).collect();
    let refused = |source| Error::Registry { metrics: names.join(", "), source };
    registry.register(Box::new(collector)).map_err(refused)
}

impl RequestCollector {
    pub(crate) fn register(entries: Vec<Entry>, groups: Arc<RequestGroups>, registry: &Registry) -> Result<(), Error> {
        let desc = |entry: &Entry| {
            // The fixed labels of requests do not apply to the info metric, which has its own.
            let labels = if entry.role == Role::Info { &Labels::new() } else { &groups.context().labels };
            entry.description.desc(labels)
        };
        let descs = entries.iter().map(desc).collect::<Result<_, _>>()?;
        register(registry, Self { descs, entries, groups })
    }

    fn metrics(&self, entry: &Entry) -> Vec<Metric> {
        let settings = self.groups.context();
        let duration = |record: &Record| Some(record.duration.total());
        match entry.role {
            Role::Info => vec![info(entry)],
            Role::Active => {
                let metric = |(method, active): (&str, i64)| {
                    let value = |label| if label == Label::Method { Cow::Borrowed(method) } else { "".into() };
                    gauge(labels(entry, settings, value), active as f64)
                };
                settings.methods.active().map(metric).collect()
            }
            Role::Duration => {
                let distribution = if entry.description.kind == Kind::Summary { summary } else { histogram };
                self.sums(entry, duration, |labels, total| distribution(labels, total, &settings.duration))
            }
            Role::Requests => self.sums(entry, duration, |labels, total| counter(labels, total.count())),
            Role::Exceptions => self.sums(entry, duration, |labels, total| counter(labels, total.count())),
            Role::RequestSize | Role::ResponseSize => {
                let Some(bounds) = &settings.body_size else { return Vec::new() };
                let size = |record: &Record| {
                    let (request, response) = record.sizes.as_ref()?;
                    Some(if entry.role == Role::RequestSize { request.total() } else { response.total() })
                };
                self.sums(entry, size, |labels, total| histogram(labels, total, bounds))
            }
        }
    }

    /// A metric for each set of values that the entry's labels distinguish.
    fn sums(
        &self,
        entry: &Entry,
        counted: impl Fn(&Record) -> Option<Total>,
        metric: impl Fn(Vec<LabelPair>, &Total) -> Metric,
    ) -> Vec<Metric> {
        let mut sums: BTreeMap<Vec<Cow<'_, str>>, Total> = BTreeMap::new();
        for group in self.groups.iter() {
            for series in group.iter() {
                let key = Key::unpack(series.key);
                let total = counted(&series.counted);
                let Some(total) = total.filter(|_| entry.role != Role::Exceptions || key.outcome.is_exception()) else {
                    continue;
                };
                let values = entry.labels.iter().map(|label| value(entry, *label, group, series, key)).collect();
                sums.entry(values).or_default().add(total);
            }
        }
        let settings = self.groups.context();
        let to_metric = |(values, total): (Vec<Cow<'_, str>>, Total)| {
            let mut values = values.into_iter();
            metric(labels(entry, settings, |_| values.next().unwrap_or_default()), &total)
        };
        sums.into_iter().map(to_metric).collect()
    }
}

impl Collector for RequestCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.entries.iter().map(|entry| entry.description.family(self.metrics(entry))).collect()
    }
}

/// The value of a label that is not fixed.
fn value<'a>(
    entry: &Entry,
    label: Label,
    group: &'a RequestGroup,
    series: &'a Series<Record>,
    key: Key,
) -> Cow<'a, str> {
    let settings = &group.context;
    match label {
        Label::Group => Cow::Borrowed(&*group.values[0]),
        Label::Method => settings.methods.name(key.method).into(),
        Label::Status => status(entry, key),
        Label::Error => key.error_type(),
        Label::Version => key.version().into(),
        Label::Computed(place) => {
            let of_request = group.values.len() - 1;
            match place.checked_sub(of_request) {
                None => Cow::Borrowed(&*group.values[place + 1]),
                Some(place) => series.values.get(place).map_or("", |value| &**value).into(),
            }
        }
        Label::Fixed => "".into(),
    }
}

/// Flask's metrics have no label for errors. A request that ended without a response gets a substitute status.
fn status(entry: &Entry, key: Key) -> Cow<'static, str> {
    let has_errors = entry.labels.contains(&Label::Error);
    if !has_errors && (entry.role == Role::Exceptions || key.status == 0) {
        status_instead(key.outcome).as_u16().to_string().into()
    } else if key.status == 0 {
        "".into()
    } else {
        key.status.to_string().into()
    }
}

fn labels<'a>(entry: &Entry, settings: &Settings, mut value: impl FnMut(Label) -> Cow<'a, str>) -> Vec<LabelPair> {
    let values: Vec<(&str, Cow<'_, str>)> = entry
        .labels
        .iter()
        .zip(&entry.description.labels)
        .map(|(label, name)| {
            let computed = value(*label);
            let fixed = settings.labels.fixed.iter().find(|(fixed, _)| *label == Label::Fixed && fixed == name);
            (name.as_str(), fixed.map_or(computed, |(_, value)| Cow::Borrowed(value.as_str())))
        })
        .collect();
    pairs(values.iter().map(|(name, value)| (*name, &**value)))
}

fn info(entry: &Entry) -> Metric {
    let names = entry.description.labels.iter().map(String::as_str);
    gauge(pairs(names.map(|name| (name, env!("CARGO_PKG_VERSION")))), 1.0)
}

pub(crate) fn counter(labels: Vec<LabelPair>, value: u64) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(value as f64);
    let mut metric = Metric::from_label(labels);
    metric.set_counter(counter);
    metric
}

pub(crate) fn gauge(labels: Vec<LabelPair>, value: f64) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::from_label(labels);
    metric.set_gauge(gauge);
    metric
}

pub(crate) fn histogram(labels: Vec<LabelPair>, total: &Total, bounds: &Bounds) -> Metric {
    let mut metric = Metric::from_label(labels);
    metric.set_histogram(total.histogram(bounds));
    metric
}

pub(crate) fn summary(labels: Vec<LabelPair>, total: &Total, bounds: &Bounds) -> Metric {
    let mut metric = Metric::from_label(labels);
    metric.set_summary(total.summary(bounds));
    metric
}

/// A counter or a gauge without labels, whose value need not be a whole number.
pub(crate) fn sample(kind: Kind, value: f64) -> Metric {
    if kind != Kind::Counter {
        return gauge(Vec::new(), value);
    }
    let mut counter = Counter::default();
    counter.set_value(value);
    let mut metric = Metric::default();
    metric.set_counter(counter);
    metric
}
