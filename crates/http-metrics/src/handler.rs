//! Metrics for single handlers: layers around these handlers only.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use pin_project_lite::pin_project;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{LabelPair, Metric, MetricFamily};
use tower_layer::Layer;
use tower_service::Service;

use crate::collector::{counter, gauge, histogram, register, summary};
use crate::description::{Description, Kind, pairs};
use crate::distribution::{Bounds, Distribution, NANOSECONDS};
use crate::error::Error;
use crate::exclusion::ExcludeAllMetrics;
use crate::groups::{Group, Groups};
use crate::http_metrics::DEFAULT_BUCKETS;
use crate::labels::{Labels, Values};
use crate::layer::HttpMetricsLayer;
use crate::record::{Outcome, instead};

/// Metrics for one handler. Each method registers a metric and gives a layer, to be put around one handler or several,
/// or, as a metric of the application's own for all requests, around a router.
///
/// ```
/// use axum::{Router, routing::get};
/// use prometheus::Registry;
/// use wharf_http_metrics::{HttpMetrics, Labels};
///
/// let metrics = HttpMetrics::new().register(&Registry::new())?;
/// let status = Labels::new().from_response("status", |response| response.status().as_str().to_owned().into());
/// let orders = metrics.counter("orders_total", "Orders, by how they went.", status)?;
/// let running = metrics.gauge("reports_running", "Reports that are being made.", Labels::new())?;
///
/// let app: Router = Router::new()
///     .route("/order", get(|| async { "thank you" }).layer(orders))
///     .route("/report", get(|| async { "42" }).layer(running))
///     .layer(metrics);
/// # Ok::<(), wharf_http_metrics::Error>(())
/// ```
///
/// A metric without computed labels has its series from the start, with the value zero.
impl HttpMetricsLayer {
    /// A counter of invocations.
    ///
    /// # Errors
    ///
    /// When the registry has a metric of this name already, or the name or a label's name is not allowed.
    pub fn counter(&self, name: &str, help: &str, labels: Labels) -> Result<HandlerLayer, Error> {
        self.handler_metric(Kind::Counter, name, help, labels, &[])
    }

    /// A gauge of invocations in progress: until the response's head is there. It cannot have labels computed from the
    /// response.
    ///
    /// # Errors
    ///
    /// As for [`counter`](Self::counter).
    pub fn gauge(&self, name: &str, help: &str, labels: Labels) -> Result<HandlerLayer, Error> {
        if let Some(label) = labels.first_of_response() {
            let reason = "a gauge is raised before there is a response to compute it from";
            return Err(Error::Label { metric: name.to_owned(), label: label.to_owned(), reason });
        }
        self.handler_metric(Kind::Gauge, name, help, labels, &[])
    }

    /// A histogram of durations in seconds, until the response's head is there, with
    /// [`DEFAULT_BUCKETS`](crate::DEFAULT_BUCKETS).
    ///
    /// # Errors
    ///
    /// As for [`counter`](Self::counter).
    pub fn histogram(&self, name: &str, help: &str, labels: Labels) -> Result<HandlerLayer, Error> {
        self.handler_metric(Kind::Histogram, name, help, labels, &DEFAULT_BUCKETS)
    }

    /// A histogram of durations in seconds with these upper bounds, ascending.
    ///
    /// # Errors
    ///
    /// As for [`counter`](Self::counter), and when the buckets do not ascend.
    pub fn histogram_with_buckets(
        &self,
        name: &str,
        help: &str,
        labels: Labels,
        upper_bounds: &[f64],
    ) -> Result<HandlerLayer, Error> {
        self.handler_metric(Kind::Histogram, name, help, labels, upper_bounds)
    }

    /// The count and the sum of durations in seconds, until the response's head is there.
    ///
    /// # Errors
    ///
    /// As for [`counter`](Self::counter).
    pub fn summary(&self, name: &str, help: &str, labels: Labels) -> Result<HandlerLayer, Error> {
        self.handler_metric(Kind::Summary, name, help, labels, &[])
    }

    /// A gauge that is 1 and carries information in its labels, such as the application's version. The value may be
    /// changed.
    ///
    /// ```
    /// # use prometheus::Registry;
    /// # use wharf_http_metrics::HttpMetrics;
    /// # let metrics = HttpMetrics::new().register(&Registry::new())?;
    /// metrics.info("app_info", "About the application.", &[("version", "1.0.3")])?;
    /// # Ok::<(), wharf_http_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`counter`](Self::counter).
    pub fn info(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<prometheus::Gauge, Error> {
        let options = labels
            .iter()
            .fold(prometheus::Opts::new(name, help), |options, (name, value)| options.const_label(*name, *value));
        let gauge = prometheus::Gauge::with_opts(options)
            .map_err(|source| Error::Description { metric: name.to_owned(), source })?;
        gauge.set(1.0);
        register(&self.registry, gauge.clone())?;
        Ok(gauge)
    }

    fn handler_metric(
        &self,
        kind: Kind,
        name: &str,
        help: &str,
        labels: Labels,
        buckets: &[f64],
    ) -> Result<HandlerLayer, Error> {
        let labels = labels.and(&self.labels);
        let labels = if kind == Kind::Gauge { labels.without_response() } else { labels };
        let description = Description::new(name, kind, labels.names(), help);
        let desc = description.desc(&labels)?;
        let bounds =
            Bounds::new(buckets, NANOSECONDS).map_err(|source| Error::Buckets { metric: name.to_owned(), source })?;
        let computed = labels.computed().next().is_some();
        let settings = HandlerSettings { description, labels, bounds, requests: self.clone() };
        let groups = Arc::new(Groups::new(Arc::new(settings), self.label_sets_at_most));
        if !computed {
            groups.group(&[], 0).series(0, &[] as &[&str], Value::new);
        }
        register(&self.registry, HandlerCollector { desc, groups: groups.clone() })?;
        Ok(HandlerLayer { groups })
    }
}

#[derive(Debug)]
struct HandlerSettings {
    description: Description,
    labels: Labels,
    bounds: Bounds,
    requests: HttpMetricsLayer,
}

#[derive(Debug)]
enum Value {
    Counter(AtomicU64),
    Gauge(AtomicI64),
    Distribution(Distribution),
}

impl Value {
    fn new(settings: &HandlerSettings) -> Self {
        match settings.description.kind {
            Kind::Counter => Self::Counter(AtomicU64::new(0)),
            Kind::Gauge => Self::Gauge(AtomicI64::new(0)),
            Kind::Histogram | Kind::Summary => Self::Distribution(Distribution::new(&settings.bounds)),
        }
    }
}

/// Feeds one metric; made by [`HttpMetricsLayer::counter`] and the like.
#[derive(Clone, Debug)]
pub struct HandlerLayer {
    groups: Arc<Groups<HandlerSettings, Value>>,
}

impl<S> Layer<S> for HandlerLayer {
    type Service = HandlerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HandlerService { inner, groups: self.groups.clone() }
    }
}

/// The service that [`HandlerLayer`] puts around another.
#[derive(Clone, Debug)]
pub struct HandlerService<S> {
    inner: S,
    groups: Arc<Groups<HandlerSettings, Value>>,
}

impl<S> HandlerService<S> {
    fn begin(&self, request: &Request) -> Option<Invocation> {
        let settings = self.groups.context();
        if settings.requests.groups.context().exclusions.cover(request.uri().path()) {
            return None;
        }
        let values: Values<'_> = settings.labels.of_request(request).collect();
        let group = self.groups.group(&values, 0);
        Some(Invocation::new(group))
    }
}

impl<S> Service<Request> for HandlerService<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = HandlerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let mut invocation = self.begin(&request);
        let inner = Invocation::watch(&mut invocation, || self.inner.call(request));
        HandlerFuture { inner, invocation }
    }
}

pin_project! {
    /// The future of [`HandlerService`].
    #[derive(Debug)]
    pub struct HandlerFuture<F> {
        #[pin]
        inner: F,
        invocation: Option<Invocation>,
    }
}

impl<F, E> Future for HandlerFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(Invocation::watch(this.invocation, || this.inner.poll(cx)));
        if let (Some(invocation), Ok(response)) = (this.invocation.take(), &result) {
            invocation.answered(response);
        }
        Poll::Ready(result)
    }
}

/// A handler that is running.
#[derive(Debug)]
struct Invocation {
    group: Arc<Group<HandlerSettings, Value>>,
    start: Instant,
    /// Whether the thread is inside the handler. If this is dropped now, the handler has panicked.
    within: bool,
    counted: bool,
}

impl Invocation {
    fn new(group: Arc<Group<HandlerSettings, Value>>) -> Self {
        let invocation = Self { group, start: Instant::now(), within: false, counted: false };
        if invocation.group.context.description.kind == Kind::Gauge {
            invocation.record(&[] as &[&str], 1);
        }
        invocation
    }

    fn watch<T>(invocation: &mut Option<Self>, run: impl FnOnce() -> T) -> T {
        if let Some(invocation) = invocation {
            invocation.within = true;
        }
        let result = run();
        if let Some(invocation) = invocation {
            invocation.within = false;
        }
        result
    }

    fn answered(mut self, response: &Response) {
        self.counted = true;
        let gauge = self.group.context.description.kind == Kind::Gauge;
        if gauge || response.extensions().get::<ExcludeAllMetrics>().is_none() {
            self.record(&self.group.context.labels.of_response(response), -1);
        }
    }

    /// `step`: by how much a gauge changes.
    fn record(&self, values: &[impl AsRef<str>], step: i64) {
        match &self.group.series(0, values, Value::new).counted {
            Value::Counter(count) => {
                count.fetch_add(1, Relaxed);
            }
            Value::Gauge(running) => {
                running.fetch_add(step, Relaxed);
            }
            Value::Distribution(durations) => {
                let nanoseconds = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                durations.observe(&self.group.context.bounds, nanoseconds);
            }
        }
    }
}

impl Drop for Invocation {
    fn drop(&mut self) {
        if !self.counted {
            let outcome = if self.within { Outcome::Panicked } else { Outcome::Cancelled };
            self.record(&self.group.context.labels.of_response(&instead(Some(outcome))), -1);
        }
    }
}

struct HandlerCollector {
    desc: Desc,
    groups: Arc<Groups<HandlerSettings, Value>>,
}

impl Collector for HandlerCollector {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let settings = self.groups.context();
        let metrics = self.groups.iter().flat_map(|group| group.iter().map(move |series| (group, series)));
        let metrics = metrics.map(|(group, series)| {
            let computed = group.values.iter().chain(&series.values).map(|value| &**value);
            let fixed = settings.labels.fixed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            metric(settings, pairs(fixed.chain(settings.labels.computed().zip(computed))), &series.counted)
        });
        vec![settings.description.family(metrics.collect())]
    }
}

fn metric(settings: &HandlerSettings, labels: Vec<LabelPair>, value: &Value) -> Metric {
    match value {
        Value::Counter(count) => counter(labels, count.load(Relaxed)),
        Value::Gauge(running) => gauge(labels, running.load(Relaxed) as f64),
        Value::Distribution(durations) => match settings.description.kind {
            Kind::Summary => summary(labels, &durations.total(), &settings.bounds),
            _ => histogram(labels, &durations.total(), &settings.bounds),
        },
    }
}
