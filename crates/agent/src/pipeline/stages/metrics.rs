//! `metrics`: counters, gauges and histograms of values.

use std::borrow::Cow;

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::{self, Errors, Fields};
use super::super::metrics::{Change, MetricKind, MetricSet};
use super::super::now::Now;
use super::super::parts::Parts;
use super::super::stage::{Edit, Verdict};
use crate::yaml::{ErrorAt as _, Node, Value as Yaml};
use wharf_go::strconv;
use wharf_go::time::parse_duration;

/// Seconds after which a metric that did not change goes.
const IDLE_SECONDS: i64 = 300;
/// The buckets of a histogram that names none.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug)]
struct Metrics(Vec<Metric>);

#[derive(Debug)]
struct Metric {
    source: String,
    /// Only entries whose value has this text count.
    value: Option<String>,
    action: Action,
    set: MetricSet,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    /// Each entry counts, whether it has the value or not.
    CountAll,
    CountBytes,
    Increment,
    Decrement,
    Add,
    Subtract,
    Set,
    Observe,
    Nothing,
}

pub(super) fn new(node: &Node, parts: &mut Parts) -> Result<impl Edit + use<>, Errors> {
    let map = match &node.value {
        Yaml::Null => return Ok(Metrics(Vec::new())),
        Yaml::Map(map) => map,
        _ => return Err(vec![node.error("the stage's settings must be a mapping of names to metrics")]),
    };
    let (mut metrics, mut errors) = (Vec::new(), Vec::new());
    for (name, field) in map {
        match metric(name, field) {
            Ok(metric) => metrics.push(metric),
            Err(mut faults) => errors.append(&mut faults),
        }
    }
    if errors.is_empty() {
        parts.metrics.extend(metrics.iter().map(|metric| metric.set.clone()));
        Ok(Metrics(metrics))
    } else {
        Err(errors)
    }
}

fn metric(name: &str, node: &Node) -> Result<Metric, Errors> {
    let mut fields = Fields::strict(node);
    let kind = fields.text("type").unwrap_or_default().to_lowercase();
    let help = fields.text("description").unwrap_or_default();
    let source = fields.text("source").unwrap_or_else(|| name.to_owned());
    let prefix = fields.text("prefix").filter(|prefix| !prefix.is_empty());
    let idle = fields.duration("max_idle_duration");
    if idle.is_some_and(|idle| idle < 1_000_000_000) {
        fields.fail("max_idle_duration", "`max_idle_duration` must be a second at least");
    }
    let empty = Node::new(node.span, Yaml::Null);
    let mut config = Fields::strict(fields.find("config").unwrap_or(&empty));
    let value = config.text("value");
    let kind = match kind.as_str() {
        "counter" => counter(&mut config, value.is_some()).map(|action| (action, MetricKind::Counter)),
        "gauge" => gauge(&mut config).map(|action| (action, MetricKind::Gauge)),
        "histogram" => buckets(&mut config).map(|buckets| (Action::Observe, MetricKind::Histogram(buckets))),
        _ => {
            fields.fail("type", format!("`{kind}` is not a type of metric: write `Counter`, `Gauge` or `Histogram`"));
            None
        }
    };
    let name = metric_name(&format!("{}{name}", prefix.as_deref().unwrap_or("promtail_custom_")));
    if let Err(errors) = config.complete(Some(())) {
        fields.extend(errors);
    }
    let idle_seconds = idle.map_or(IDLE_SECONDS, |idle| idle / 1_000_000_000);
    fields.complete(kind.map(|(action, kind)| {
        let set = MetricSet::new(name, help, kind, idle_seconds);
        Metric { source, value, action, set }
    }))
}

/// A name that Prometheus accepts: invalid characters become `_`.
fn metric_name(text: &str) -> String {
    let fits = |at: usize, c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':') || (c.is_ascii_digit() && at > 0);
    text.char_indices().map(|(at, c)| if fits(at, c) { c } else { '_' }).collect()
}

fn counter(config: &mut Fields<'_>, has_value: bool) -> Option<Action> {
    let action = config.text("action").unwrap_or_default().to_lowercase();
    let match_all = config.flag("match_all").unwrap_or_default();
    let bytes = config.flag("count_entry_bytes").unwrap_or_default();
    if match_all && has_value {
        config.fail("match_all", "only one of `match_all` and `value` is allowed here");
    }
    if bytes && !match_all {
        config.fail("count_entry_bytes", "`count_entry_bytes` needs `match_all: true`");
    }
    if bytes && action == "inc" {
        config.fail("count_entry_bytes", "`count_entry_bytes` needs `action: add`");
    }
    match action.as_str() {
        "inc" if match_all => Some(Action::CountAll),
        "inc" => Some(Action::Increment),
        "add" if bytes => Some(Action::CountBytes),
        // There is no value to add.
        "add" if match_all => Some(Action::Nothing),
        "add" => Some(Action::Add),
        _ => {
            config.fail("action", "a counter's `action` is `inc` or `add`");
            None
        }
    }
}

fn gauge(config: &mut Fields<'_>) -> Option<Action> {
    let action = config.text("action").unwrap_or_default().to_lowercase();
    Some(match action.as_str() {
        "set" => Action::Set,
        "inc" => Action::Increment,
        "dec" => Action::Decrement,
        "add" => Action::Add,
        "sub" => Action::Subtract,
        _ => {
            config.fail("action", "a gauge's `action` is `set`, `inc`, `dec`, `add` or `sub`");
            return None;
        }
    })
}

fn buckets(config: &mut Fields<'_>) -> Option<Vec<f64>> {
    let Some(node) = config.find("buckets") else { return Some(BUCKETS.to_vec()) };
    let number = |node: &Node| fields::number(node.as_scalar()?, false);
    let buckets: Option<Vec<f64>> = node.as_list().and_then(|list| list.iter().map(number).collect());
    let Some(mut buckets) = buckets else {
        config.fail("buckets", "`buckets` must be a list of numbers");
        return None;
    };
    buckets.sort_by(f64::total_cmp);
    buckets.dedup();
    Some(if buckets.is_empty() { BUCKETS.to_vec() } else { buckets })
}

impl Metric {
    fn record(&self, entry: &Entry<'_>, now: Now) {
        let change = match self.action {
            Action::CountAll => Some(Change::Add(1.0)),
            Action::CountBytes => Some(Change::Add(entry.line.len() as f64)),
            Action::Nothing => None,
            action => entry.extracted.get(&self.source).and_then(|value| self.change(action, &value)),
        };
        if let Some(change) = change {
            self.set.change(&entry.labels, change, now.unix / 1_000_000_000);
        }
    }

    fn change(&self, action: Action, value: &ExtractedValue<'_>) -> Option<Change> {
        if let Some(wanted) = &self.value
            && value.text()? != **wanted
        {
            return None;
        }
        Some(match action {
            Action::Increment | Action::CountAll | Action::CountBytes => Change::Add(1.0),
            Action::Nothing => return None,
            Action::Decrement => Change::Add(-1.0),
            Action::Add => Change::Add(float(value)?),
            Action::Subtract => Change::Add(-float(value)?),
            Action::Set => Change::Set(float(value)?),
            Action::Observe => Change::Observe(float(value)?),
        })
    }
}

/// A value as a number; a text may be a duration, in seconds.
fn float(value: &ExtractedValue<'_>) -> Option<f64> {
    match value {
        ExtractedValue::Null => None,
        ExtractedValue::Bool(value) => Some(f64::from(u8::from(*value))),
        ExtractedValue::Number(number) => Some(*number),
        ExtractedValue::Text(Cow::Borrowed(text)) => text_float(text),
        ExtractedValue::Text(Cow::Owned(text)) => text_float(text),
    }
}

fn text_float(text: &str) -> Option<f64> {
    strconv::parse_float(text).or_else(|| parse_duration(text).map(|nanoseconds| nanoseconds as f64 / 1e9))
}

impl Edit for Metrics {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        for metric in &self.0 {
            metric.record(entry, now);
        }
        Verdict::Keep
    }
}
