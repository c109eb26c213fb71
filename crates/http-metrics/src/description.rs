//! Describes the metrics, with names, types and labels, for the registry and for documentation.

use std::collections::HashMap;

use prometheus::core::Desc;
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use crate::error::Error;
use crate::labels::Labels;

/// A metric as a page of documentation lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Its name in the exposition.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// The names of its labels. Labels without a value are left out of the exposition.
    pub labels: Vec<String>,
    /// What it counts, and in which unit.
    pub help: String,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts of values by buckets, and their sum.
    Histogram,
    /// The number of values and their sum.
    Summary,
}

impl Kind {
    /// As the text format writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

impl Description {
    pub(crate) fn new<L: Into<String>>(
        name: impl Into<String>,
        kind: Kind,
        labels: impl IntoIterator<Item = L>,
        help: &str,
    ) -> Self {
        Self { name: name.into(), kind, labels: labels.into_iter().map(Into::into).collect(), help: help.to_owned() }
    }

    /// What the registry compares with what it has.
    pub(crate) fn desc(&self, labels: &Labels) -> Result<Desc, Error> {
        self.check_labels()?;
        let fixed: HashMap<String, String> = labels.fixed.iter().cloned().collect();
        let variable = self.labels.iter().filter(|name| !fixed.contains_key(*name)).cloned().collect();
        Desc::new(self.name.clone(), self.help.clone(), variable, fixed)
            .map_err(|source| Error::Description { metric: self.name.clone(), source })
    }

    fn check_labels(&self) -> Result<(), Error> {
        for (index, label) in self.labels.iter().enumerate() {
            let reason = if self.labels[..index].contains(label) {
                "the metric has one of this name"
            } else if label.starts_with("__") {
                "Prometheus keeps names that begin so for itself"
            } else if label == "le" && self.kind == Kind::Histogram {
                "it is that of a histogram's buckets"
            } else if label == "quantile" && self.kind == Kind::Summary {
                "it is that of a summary's quantiles"
            } else {
                continue;
            };
            return Err(Error::Label { metric: self.name.clone(), label: label.clone(), reason });
        }
        Ok(())
    }

    /// What a scrape gets.
    pub(crate) fn family(&self, metrics: Vec<Metric>) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.name.clone());
        family.set_help(self.help.clone());
        family.set_field_type(match self.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram => MetricType::HISTOGRAM,
            Kind::Summary => MetricType::SUMMARY,
        });
        family.set_metric(metrics);
        family
    }
}

/// A series' labels, sorted by name. Prometheus treats a label without a value as absent.
pub(crate) fn pairs<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<LabelPair> {
    let mut labels: Vec<_> = labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    labels.sort_unstable();
    let pair = |(name, value): (&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    labels.into_iter().map(pair).collect()
}
