//! The metrics themselves, and the series of each route, kept so that a request looks none up by label.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::layer::HttpMetricsLayer;

/// Upper bounds in seconds of the duration histogram, as the semantic conventions advise for
/// `http.server.request.duration`.
pub const DEFAULT_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The `http_route` of every request that matched no route. A route's template starts with `/`, so none looks like it.
pub const UNMATCHED: &str = "unmatched";

/// The `http_request_method` of every method that is not one of the registered nine (semantic conventions, HTTP).
pub const OTHER_METHOD: &str = "_OTHER";

const ROUTE: &str = "http_route";
const METHOD: &str = "http_request_method";
const STATUS: &str = "http_response_status_code";

/// The methods of RFC 9110 section 9 and RFC 5789; the last name stands for all others.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", OTHER_METHOD];

/// How the metrics shall look; [`register`](Self::register) makes them.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    buckets: Vec<f64>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpMetrics {
    /// The metrics of the crate's documentation, with [`DEFAULT_BUCKETS`].
    pub fn new() -> Self {
        Self { buckets: DEFAULT_BUCKETS.to_vec() }
    }

    /// Takes other upper bounds, in seconds, ascending.
    #[must_use]
    pub fn buckets(mut self, upper_bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = upper_bounds.into();
        self
    }

    /// Registers the metrics and gives the layer that feeds them.
    ///
    /// # Errors
    ///
    /// When the registry has metrics of these names already, or the buckets do not ascend.
    pub fn register(self, registry: &Registry) -> Result<HttpMetricsLayer, prometheus::Error> {
        let labels = [ROUTE, METHOD, STATUS];
        let requests =
            IntCounterVec::new(Opts::new("http_server_requests_total", "HTTP requests that have ended."), &labels)?;
        let duration = HistogramOpts::new(
            "http_server_request_duration_seconds",
            "Time in seconds from an HTTP request's head to the end of its response's body.",
        )
        .buckets(self.buckets);
        // A vector looks at its buckets only when it makes its first child, and that panics.
        Histogram::with_opts(duration.clone())?;
        let duration = HistogramVec::new(duration, &labels)?;
        let active = IntGaugeVec::new(
            Opts::new("http_server_active_requests", "HTTP requests whose response has not ended."),
            &[METHOD],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(active.clone()))?;
        let active = METHODS.map(|method| active.with_label_values(&[method]));
        Ok(HttpMetricsLayer::new(Metrics { requests, duration, active, routes: RwLock::default() }))
    }
}

/// The registered metrics and the routes seen so far: as many as the application has, and [`UNMATCHED`].
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    active: [IntGauge; METHODS.len()],
    routes: RwLock<HashMap<Box<str>, Arc<Route>>>,
}

/// One route's series. They are few (methods times status codes that the route really answers), so a list does.
#[derive(Debug)]
struct Route {
    name: Box<str>,
    series: RwLock<Vec<Series>>,
}

#[derive(Debug)]
struct Series {
    method: MethodLabel,
    status: Option<StatusCode>,
    requests: IntCounter,
    duration: Histogram,
}

impl Metrics {
    fn route(&self, name: &str) -> Arc<Route> {
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| {
            let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
            let route = || Arc::new(Route { name: name.into(), series: RwLock::default() });
            routes.entry(name.into()).or_insert_with(route).clone()
        })
    }

    fn observe(&self, route: &Route, method: MethodLabel, status: Option<StatusCode>, duration: Duration) {
        let record = |series: &Series| {
            series.requests.inc();
            series.duration.observe(duration.as_secs_f64());
        };
        let same = |series: &&Series| series.method == method && series.status == status;
        if let Some(series) = route.series.read().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
            return record(series);
        }
        // Two requests may both come here and both add the series: the vectors hand out the same children.
        let labels = [&*route.name, method.as_str(), status.as_ref().map_or("", StatusCode::as_str)];
        let series = Series {
            method,
            status,
            requests: self.requests.with_label_values(&labels),
            duration: self.duration.with_label_values(&labels),
        };
        record(&series);
        let mut list = route.series.write().unwrap_or_else(PoisonError::into_inner);
        if !list.iter().any(|series| same(&series)) {
            list.push(series);
        }
    }
}

/// A method as a label: an index into [`METHODS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MethodLabel(usize);

impl MethodLabel {
    fn new(method: &Method) -> Self {
        let known = METHODS.iter().position(|name| *name == method.as_str());
        Self(known.unwrap_or(METHODS.len() - 1))
    }

    fn as_str(self) -> &'static str {
        METHODS[self.0]
    }
}

/// A request that is being answered: counted as active, and measured when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    metrics: Arc<Metrics>,
    route: Arc<Route>,
    method: MethodLabel,
    status: Option<StatusCode>,
    start: Instant,
}

impl InFlight {
    pub(crate) fn new(metrics: Arc<Metrics>, method: &Method, route: Option<&str>) -> Self {
        let start = Instant::now();
        let method = MethodLabel::new(method);
        metrics.active[method.0].inc();
        let route = metrics.route(route.unwrap_or(UNMATCHED));
        Self { metrics, route, method, status: None, start }
    }

    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.active[self.method.0].dec();
        self.metrics.observe(&self.route, self.method, self.status, self.start.elapsed());
    }
}
