//! Prometheus metrics of HTTP requests for axum: one layer, on the [`prometheus`] crate's
//! [`Registry`](prometheus::Registry), so an application's own metrics are in the same place.
//!
//! ```
//! use axum::{Router, routing::get};
//! use prometheus::Registry;
//! use wharf_http_metrics::{HttpMetrics, register_process_metrics};
//!
//! let registry = Registry::new();
//! let metrics = HttpMetrics::new().register(&registry)?;
//! register_process_metrics(&registry)?;
//!
//! let app: Router = Router::new()
//!     .route("/hits/{key}", get(|| async { "counted" }))
//!     .merge(metrics.route("/metrics"))
//!     .layer(metrics);
//! # Ok::<(), wharf_http_metrics::Error>(())
//! ```
//!
//! Add the layer with [`Router::layer`](axum::Router::layer), which also sees requests without a route, and add it
//! last, so that it measures the other layers, too.
//!
//! # Metrics
//!
//! [`HttpMetrics::new`] has the names of [OpenTelemetry's semantic conventions for HTTP
//! metrics](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/), written the Prometheus way. The counters
//! are not part of the conventions; they use the same labels.
//!
//! | metric | type | meaning |
//! |---|---|---|
//! | `http_server_requests_total` | counter | requests that have ended |
//! | `http_server_request_duration_seconds` | histogram | from the request's head to the end of the response's body |
//! | `http_server_request_exceptions_total` | counter | requests whose handler panicked |
//! | `http_server_active_requests` | gauge | requests whose response has not ended |
//! | `http_server_request_body_size_bytes` | histogram | bytes of the request's body |
//! | `http_server_response_body_size_bytes` | histogram | bytes of the response's body |
//!
//! | label | meaning |
//! |---|---|
//! | `http_request_method` | one of the [known methods](DEFAULT_METHODS), or [`OTHER`] |
//! | `http_response_status_code` | absent if there was no response |
//! | `http_route` | the matched route's template, or [`UNMATCHED`] |
//! | `error_type` | absent on success; else a status in the 500s, `panic`, `exception`, `cancelled` (the client went away before there was a response), `body_error` or `service_error` |
//! | `network_protocol_version` | `1.0`, `1.1`, `2`, `3` |
//! | `url_scheme` | `http`, unless [`HttpMetrics::labels`] has another |
//!
//! [`HttpMetrics::flask`] has those of
//! [prometheus-flask-exporter](https://github.com/rycus86/prometheus_flask_exporter):
//!
//! | metric | type | labels |
//! |---|---|---|
//! | `flask_http_request_duration_seconds` | histogram, or [summary](HttpMetrics::duration_as_summary) | `method`, `path`, `status` |
//! | `flask_http_request_total` | counter | `method`, `status` |
//! | `flask_http_request_exceptions_total` | counter | `method`, `status` |
//! | `flask_exporter_info` | gauge | `version` |
//!
//! There, a request without a response has a substitute status: 500 after a panic, 499 when the client went away.
//! [`HttpMetrics::prefix`] changes the prefix of either; [`HttpMetrics::descriptions`] lists what there will be.
//!
//! # Exceptions
//!
//! What Flask calls an unhandled exception is a panic here. A response is never one, whatever its status, because an
//! error that a handler returns was handled. A panic that another layer turns into a response counts if that response
//! carries [`Exception`].
//!
//! # How many series there are
//!
//! The application decides, and not its clients. Requests are labelled with the route's template instead of the path.
//! All paths without a route share one value, and so do all unknown methods. If an application distinguishes requests
//! by path, or computes labels, [`HttpMetrics::label_sets_at_most`] is a limit.
//!
//! # What is measured when
//!
//! A request is counted once, when its response's body has ended, failed or been dropped. A body that is known to have
//! at most 16 KiB counts as sent together with its head, because it is in memory already. A longer body, or one of
//! unknown length, is followed. Sizes are measured where the bodies pass the layer, so compression is only visible if
//! its layer is inside. The size of a request's body is its `content-length`. Without one, its bytes are counted as the
//! handler reads them.
//!
//! # What it costs
//!
//! Once a series exists, the layer allocates nothing for a request that falls into it, takes no lock and reads the
//! clock twice. Only a body that has to be followed is boxed once more. `cargo xtask bench metrics` compares it with
//! others.
//!
//! # An application's own metrics
//!
//! - [`HttpMetricsLayer::counter`], [`gauge`](HttpMetricsLayer::gauge), [`histogram`](HttpMetricsLayer::histogram) and
//!   [`summary`](HttpMetricsLayer::summary): layers for one handler or several;
//!   [`info`](HttpMetricsLayer::info): a gauge whose labels carry a version or the like.
//! - [`Labels`]: fixed labels, and labels computed from the request or the response.
//! - [`DoNotTrack`], [`HttpMetrics::exclude`]: leave requests out.
//! - [`metrics_route`], [`serve_metrics`]: serve the metrics on the same router or on a separate port.

mod body;
mod collector;
mod description;
mod distribution;
mod error;
mod exclusion;
mod exposition;
mod groups;
mod handler;
mod http_metrics;
mod in_flight;
mod labels;
mod layer;
mod methods;
mod place;
mod process;
mod record;
mod schema;
mod table;

pub use description::{Description, Kind};
pub use error::{BucketError, Error};
pub use exclusion::{DoNotTrack, Exception, ExcludeAllMetrics, Marked, MarkedFuture};
pub use exposition::{TEXT_FORMAT, exposition, exposition_for, metrics_route, serve_metrics};
pub use handler::{HandlerFuture, HandlerLayer, HandlerService};
pub use http_metrics::{
    DEFAULT_BODY_SIZE_BUCKETS, DEFAULT_BUCKETS, DEFAULT_LABEL_SETS_AT_MOST, DEFAULT_METHODS, HttpMetrics,
};
pub use labels::{Labels, OTHER};
pub use layer::{HttpMetricsLayer, HttpMetricsService, ResponseFuture};
pub use process::{Process, ProcessUsage, process_descriptions, register_process_metrics};
pub use schema::{Preset, UNMATCHED};
