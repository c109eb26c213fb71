//! Metrics by label set, for the registry of the program.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::{Collector, Desc};
use prometheus::proto;
use wharf_loki::Labels;

/// Most label sets of a metric; entries of further ones are not counted.
const MAX_SERIES: usize = 10_000;

/// A metric, with a value for each label set that entries had.
#[derive(Debug, Clone)]
pub(super) struct MetricSet {
    desc: Arc<Desc>,
    kind: MetricKind,
    idle_seconds: i64,
    series: Arc<Mutex<HashMap<Labels, Series>>>,
}

#[derive(Debug, Clone)]
pub(super) enum MetricKind {
    Counter,
    Gauge,
    /// The buckets' upper bounds.
    Histogram(Vec<f64>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Add(f64),
    Set(f64),
    Observe(f64),
}

#[derive(Debug, Default)]
struct Series {
    /// The value, or the sum of what was observed.
    value: f64,
    count: u64,
    /// By bucket, each without those below.
    buckets: Vec<u64>,
    /// Seconds since 1970.
    changed: i64,
}

impl MetricSet {
    /// A metric of a name that was checked.
    pub(super) fn new(name: String, help: String, kind: MetricKind, idle_seconds: i64) -> Self {
        // The help must not be empty there.
        let help = if help.is_empty() { "Defined by a metrics stage.".to_owned() } else { help };
        let desc = Desc::new(name, help, Vec::new(), HashMap::new()).expect("the name was checked");
        Self { desc: Arc::new(desc), kind, idle_seconds, series: Arc::default() }
    }

    /// Changes the value of a label set; `at` is in seconds since 1970.
    pub(super) fn change(&self, labels: &Labels, change: Change, at: i64) {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_SERIES && !all.contains_key(labels) {
            return;
        }
        let series = all.entry(labels.clone()).or_default();
        match (change, &self.kind) {
            // A counter never falls.
            (Change::Add(number), MetricKind::Counter) if number < 0.0 => return,
            (Change::Add(number), _) => series.value += number,
            (Change::Set(number), _) => series.value = number,
            (Change::Observe(number), MetricKind::Histogram(bounds)) => {
                series.buckets.resize(bounds.len(), 0);
                if let Some(bucket) = bounds.iter().position(|bound| number <= *bound) {
                    series.buckets[bucket] += 1;
                }
                series.value += number;
                series.count += 1;
            }
            (Change::Observe(_), _) => {}
        }
        series.changed = at;
    }

    fn proto(&self, labels: &Labels, series: &Series) -> proto::Metric {
        let pair = |(name, value): (&str, &str)| {
            let mut pair = proto::LabelPair::default();
            pair.set_name(name.to_owned());
            pair.set_value(value.to_owned());
            pair
        };
        let shown = labels.iter().filter(|(name, _)| !name.starts_with("__"));
        let mut metric = proto::Metric::from_label(shown.map(pair).collect());
        match &self.kind {
            MetricKind::Counter => {
                let mut counter = proto::Counter::default();
                counter.set_value(series.value);
                metric.set_counter(counter);
            }
            MetricKind::Gauge => {
                let mut gauge = proto::Gauge::default();
                gauge.set_value(series.value);
                metric.set_gauge(gauge);
            }
            MetricKind::Histogram(bounds) => metric.set_histogram(histogram(bounds, series)),
        }
        metric
    }
}

fn histogram(bounds: &[f64], series: &Series) -> proto::Histogram {
    let mut histogram = proto::Histogram::default();
    histogram.set_sample_sum(series.value);
    histogram.set_sample_count(series.count);
    let mut below = 0;
    let buckets = bounds.iter().zip(&series.buckets).map(|(bound, count)| {
        below += count;
        let mut bucket = proto::Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(below);
        bucket
    });
    histogram.set_bucket(buckets.collect());
    histogram
}

impl Collector for MetricSet {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return Vec::new();
        }
        let mut family = proto::MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(match self.kind {
            MetricKind::Counter => proto::MetricType::COUNTER,
            MetricKind::Gauge => proto::MetricType::GAUGE,
            MetricKind::Histogram(_) => proto::MetricType::HISTOGRAM,
        });
        family.set_metric(all.iter().map(|(labels, series)| self.proto(labels, series)).collect());
        // What was idle is shown a last time.
        all.retain(|_, series| now - series.changed < self.idle_seconds);
        vec![family]
    }
}
