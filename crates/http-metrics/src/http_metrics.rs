//! The settings of the metrics, until they are registered.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request;
use prometheus::Registry;

use crate::collector::RequestCollector;
use crate::description::Description;
use crate::distribution::{BYTES, Bounds, NANOSECONDS};
use crate::error::Error;
use crate::exclusion::Exclusions;
use crate::groups::Groups;
use crate::labels::Labels;
use crate::layer::HttpMetricsLayer;
use crate::methods::Methods;
use crate::record::Settings;
use crate::schema::{Entry, Grouping, Preset, Role, Schema};

/// Upper bounds in seconds of the duration's buckets: those that the semantic conventions advise for
/// `http.server.request.duration`, and also those of Prometheus' client for Python, hence of a Flask application.
pub const DEFAULT_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Upper bounds in bytes of the body sizes' buckets. The conventions advise none.
pub const DEFAULT_BODY_SIZE_BUCKETS: [f64; 7] =
    [0.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0, 100_000_000.0];

/// The methods that have a label value of their own: those of RFC 9110 section 9 and of RFC 5789, as the semantic
/// conventions have it.
pub const DEFAULT_METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// How many sets of values computed from requests have series of their own by default.
pub const DEFAULT_LABEL_SETS_AT_MOST: usize = 1000;

/// The settings of the metrics; [`register`](Self::register) makes them.
///
/// ```
/// use prometheus::Registry;
/// use wharf_http_metrics::{HttpMetrics, Labels};
///
/// let metrics = HttpMetrics::new()
///     .buckets([0.01, 0.1, 1.0])
///     .labels(Labels::new().fixed("region", "eu"))
///     .exclude(["/healthz$", "/static/"])
///     .register(&Registry::new())?;
/// # Ok::<(), wharf_http_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is counted before `register`, nor without the layer that it gives"]
pub struct HttpMetrics {
    preset: Preset,
    prefix: String,
    grouping: Grouping,
    labels: Labels,
    buckets: Vec<f64>,
    summary: bool,
    body_sizes: bool,
    body_size_buckets: Vec<f64>,
    exclusions: Vec<String>,
    methods: Vec<String>,
    label_sets_at_most: usize,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpMetrics {
    /// Metrics with the names of OpenTelemetry's conventions.
    pub fn new() -> Self {
        Self::with_preset(Preset::OpenTelemetry)
    }

    /// Metrics with the names of prometheus-flask-exporter, grouped by path as there.
    pub fn flask() -> Self {
        Self::with_preset(Preset::Flask)
    }

    /// Metrics with the names of this preset.
    pub fn with_preset(preset: Preset) -> Self {
        Self {
            preset,
            prefix: preset.prefix().to_owned(),
            grouping: preset.grouping(),
            labels: Labels::new(),
            buckets: DEFAULT_BUCKETS.to_vec(),
            summary: false,
            body_sizes: true,
            body_size_buckets: DEFAULT_BODY_SIZE_BUCKETS.to_vec(),
            exclusions: Vec::new(),
            methods: DEFAULT_METHODS.map(str::to_owned).to_vec(),
            label_sets_at_most: DEFAULT_LABEL_SETS_AT_MOST,
        }
    }

    /// Puts this and an underscore before all names. An empty prefix also removes `flask`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Distinguishes requests by the template of the matched route: `/hits/{key}`, or [`UNMATCHED`](crate::UNMATCHED).
    pub fn group_by_route(mut self) -> Self {
        self.grouping = Grouping::Route;
        self
    }

    /// Distinguishes requests by their path if they matched a route; others are [`UNMATCHED`](crate::UNMATCHED). See
    /// [`label_sets_at_most`](Self::label_sets_at_most).
    pub fn group_by_path(mut self) -> Self {
        self.grouping = Grouping::Path;
        self
    }

    /// Distinguishes requests by what the function returns, under this label. See
    /// [`label_sets_at_most`](Self::label_sets_at_most).
    pub fn group_by<F>(mut self, label: impl Into<String>, group: F) -> Self
    where
        F: for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync + 'static,
    {
        self.grouping = Grouping::Function(label.into(), Arc::new(group));
        self
    }

    /// Adds labels to all metrics, including those for one handler. Computed labels cannot be added to the number of
    /// requests in flight.
    ///
    /// `url_scheme` is `http`, as a server behind a proxy sees it, unless it is among the fixed ones.
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = self.labels.and(&labels);
        self
    }

    /// Sets the upper bounds of the duration's buckets, in seconds, ascending, instead of [`DEFAULT_BUCKETS`].
    pub fn buckets(mut self, upper_bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = upper_bounds.into();
        self
    }

    /// Makes the duration a summary, of count and sum alone, instead of a histogram.
    pub fn duration_as_summary(mut self) -> Self {
        self.summary = true;
        self
    }

    /// Sets the upper bounds of the body sizes' buckets, in bytes, ascending, instead of [`DEFAULT_BODY_SIZE_BUCKETS`].
    pub fn body_size_buckets(mut self, upper_bounds: impl Into<Vec<f64>>) -> Self {
        self.body_size_buckets = upper_bounds.into();
        self
    }

    /// Leaves body sizes out.
    pub fn without_body_sizes(mut self) -> Self {
        self.body_sizes = false;
        self
    }

    /// Does not count requests whose path matches one of these regular expressions, which need not match to the path's
    /// end. They go for metrics of single handlers, too. See also [`DoNotTrack`](crate::DoNotTrack).
    pub fn exclude<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.exclusions.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Takes other methods as those that have a label value of their own, instead of [`DEFAULT_METHODS`]; the first 255
    /// count. Any other is [`OTHER`](crate::OTHER).
    pub fn known_methods<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Bounds what clients can choose: how many different sets of values computed from requests, and as many from
    /// responses, have series of their own; [`DEFAULT_LABEL_SETS_AT_MOST`]. All later ones are counted as
    /// [`OTHER`](crate::OTHER). Paths are computed; the templates of routes are not.
    pub fn label_sets_at_most(mut self, sets: usize) -> Self {
        self.label_sets_at_most = sets;
        self
    }

    /// The metrics as a page of documentation lists them.
    pub fn descriptions(&self) -> Vec<Description> {
        self.entries().into_iter().map(|entry| entry.description).collect()
    }

    /// Registers the metrics and returns the layer that feeds them.
    ///
    /// # Errors
    ///
    /// If the registry already has metrics of these names, or if a name, a bucket or a pattern is invalid.
    pub fn register(self, registry: &Registry) -> Result<HttpMetricsLayer, Error> {
        let entries = self.entries();
        let bounds = |buckets: &[f64], scale, role| {
            Bounds::new(buckets, scale).map_err(|source| {
                let metric = entries.iter().find(|entry| entry.role == role);
                Error::Buckets {
                    metric: metric.map(|entry| entry.description.name.clone()).unwrap_or_default(),
                    source,
                }
            })
        };
        let sized = entries.iter().any(|entry| entry.role == Role::ResponseSize);
        let duration = if self.summary { &[][..] } else { &self.buckets };
        let settings = Arc::new(Settings {
            methods: Methods::new(&self.methods)?,
            grouping: self.grouping,
            labels: self.preset.labels().and(&self.labels),
            exclusions: Exclusions::new(&self.exclusions)?,
            duration: bounds(duration, NANOSECONDS, Role::Duration)?,
            body_size: sized.then(|| bounds(&self.body_size_buckets, BYTES, Role::ResponseSize)).transpose()?,
        });
        let groups = Arc::new(Groups::new(settings, self.label_sets_at_most));
        RequestCollector::register(entries, groups.clone(), registry)?;
        Ok(HttpMetricsLayer {
            groups,
            registry: registry.clone(),
            labels: self.labels,
            label_sets_at_most: self.label_sets_at_most,
        })
    }

    fn entries(&self) -> Vec<Entry> {
        let labels = self.preset.labels().and(&self.labels);
        Schema {
            preset: self.preset,
            prefix: &self.prefix,
            grouping: &self.grouping,
            labels: &labels,
            summary: self.summary,
            body_sizes: self.body_sizes,
        }
        .entries()
    }
}
