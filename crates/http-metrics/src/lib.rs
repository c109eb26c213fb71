//! Prometheus request metrics for axum: one layer, on the [`prometheus`] crate's [`Registry`](prometheus::Registry),
//! so that an application's own metrics stand beside these.
//!
//! | metric | type | labels | meaning |
//! |---|---|---|---|
//! | `http_server_requests_total` | counter | route, method, status | requests that have ended |
//! | `http_server_request_duration_seconds` | histogram | route, method, status | from the request's head to the end of the response's body |
//! | `http_server_active_requests` | gauge | method | requests between those two moments |
//!
//! The labels are `http_route`, `http_request_method` and `http_response_status_code`, as [OpenTelemetry's semantic
//! conventions for HTTP metrics](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/) have them, written the
//! Prometheus way. Their number is bounded by the application, never by what clients send:
//!
//! - `http_route` is the matched route's template (`/hits/{key}`), or [`UNMATCHED`] for every path without a route;
//! - `http_request_method` is one of the nine registered methods, or [`OTHER_METHOD`];
//! - `http_response_status_code` is empty where no response was made: the client went away, or the handler panicked.
//!
//! A request is measured once, when its response's body has ended, failed or been dropped. Once a series exists, the
//! layer allocates nothing for a request that falls into it; axum boxes the measured body, as it does any body of a
//! layer.
//!
//! ```
//! use axum::{Router, routing::get};
//! use prometheus::Registry;
//! use wharf_http_metrics::{HttpMetrics, exposition};
//!
//! let registry = Registry::new();
//! let metrics = HttpMetrics::new().register(&registry)?;
//! let app: Router = Router::new()
//!     .route("/hits/{key}", get(|| async { "counted" }))
//!     .route("/metrics", get(|| async move { exposition(&registry) }))
//!     .layer(metrics);
//! # Ok::<(), prometheus::Error>(())
//! ```
//!
//! Add the layer with [`Router::layer`](axum::Router::layer), which also sees requests without a route, and add it
//! last, so that it measures the other layers, too.

mod body;
mod exposition;
mod layer;
mod series;

pub use body::MeasuredBody;
pub use exposition::exposition;
pub use layer::{HttpMetricsLayer, HttpMetricsService, ResponseFuture};
pub use series::{DEFAULT_BUCKETS, HttpMetrics, OTHER_METHOD, UNMATCHED};
