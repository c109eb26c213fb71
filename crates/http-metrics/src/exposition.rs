//! Serves the metrics to scrapes.

use std::collections::HashSet;
use std::io;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use prometheus::proto::MetricFamily;
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;

use crate::exclusion::DoNotTrack;
use crate::layer::HttpMetricsLayer;

/// The media type of [text format 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/).
pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a histogram's or a summary's samples have behind its name.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Answers a scrape with all of the registry's metrics in [`TEXT_FORMAT`], or with 500 and the reason if they cannot be
/// encoded.
pub fn exposition(registry: &Registry) -> Response {
    selected(registry, None)
}

/// Like [`exposition`], but only with the metrics that the query names, if it names any:
/// `name[]=up&name[]=requests_total`. A name is that of a metric, or of one of its samples, such as
/// `request_duration_seconds_count`.
pub fn exposition_for(registry: &Registry, query: Option<&str>) -> Response {
    let parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let names: HashSet<String> = parameters.filter(|(key, _)| key == "name[]").map(|(_, name)| name.into()).collect();
    selected(registry, (!names.is_empty()).then_some(&names))
}

/// A route that answers scrapes with the registry's metrics, and is not itself counted.
///
/// Authentication and the like can be layered around it:
///
/// ```
/// use axum::Router;
/// use axum::extract::Request;
/// use axum::http::StatusCode;
/// use axum::middleware::{Next, from_fn};
/// use axum::response::{IntoResponse, Response};
/// use prometheus::Registry;
/// use wharf_http_metrics::metrics_route;
///
/// async fn with_token(request: Request, next: Next) -> Response {
///     match request.headers().get("authorization") {
///         Some(value) if value == "Bearer of-a-secret-file" => next.run(request).await,
///         _ => StatusCode::UNAUTHORIZED.into_response(),
///     }
/// }
///
/// let app: Router = Router::new().merge(metrics_route("/metrics", &Registry::new()).layer(from_fn(with_token)));
/// ```
pub fn metrics_route<S>(path: &str, registry: &Registry) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let registry = registry.clone();
    let scrape = async move |RawQuery(query): RawQuery| exposition_for(&registry, query.as_deref());
    Router::new().route(path, get(scrape).layer(DoNotTrack))
}

/// Answers scrapes of `/metrics` on a port of its own, until the future is dropped.
///
/// The port is for Prometheus. It has no limits against slow clients, so do not open it to the internet.
///
/// # Errors
///
/// If connections cannot be accepted.
///
/// ```no_run
/// use prometheus::Registry;
/// use tokio::net::TcpListener;
///
/// # async fn example() -> std::io::Result<()> {
/// let registry = Registry::new();
/// let listener = TcpListener::bind("0.0.0.0:9000").await?;
/// tokio::spawn(wharf_http_metrics::serve_metrics(listener, registry.clone()));
/// # Ok(())
/// # }
/// ```
pub async fn serve_metrics(listener: TcpListener, registry: Registry) -> io::Result<()> {
    axum::serve(listener, metrics_route::<()>("/metrics", &registry)).await
}

impl HttpMetricsLayer {
    /// A route that answers scrapes with the metrics of this layer's registry: see [`metrics_route`].
    pub fn route<S>(&self, path: &str) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        metrics_route(path, &self.registry)
    }
}

fn selected(registry: &Registry, names: Option<&HashSet<String>>) -> Response {
    let mut text = String::new();
    let encoded = registry.gather().iter().try_for_each(|family| match names {
        None => TextEncoder::new().encode_utf8(std::slice::from_ref(family), &mut text),
        Some(names) => encode_selected(family, names, &mut text),
    });
    match encoded {
        Ok(()) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn encode_selected(family: &MetricFamily, names: &HashSet<String>, text: &mut String) -> prometheus::Result<()> {
    let whole = names.contains(family.name());
    if !whole && !SUFFIXES.iter().any(|suffix| names.contains(&format!("{}{suffix}", family.name()))) {
        return Ok(());
    }
    let lines = TextEncoder::new().encode_to_string(std::slice::from_ref(family))?;
    let asked = |line: &&str| {
        // In this format, a label's value contains no line break, so each line is a comment or a sample.
        whole || line.starts_with('#') || line.split(['{', ' ']).next().is_some_and(|name| names.contains(name))
    };
    text.extend(lines.split_inclusive('\n').filter(asked));
    Ok(())
}
