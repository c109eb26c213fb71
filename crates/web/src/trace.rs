//! The spans of this application, named by OpenTelemetry's semantic conventions. They are made only if traces are
//! exported; otherwise each costs one check of a flag.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span, trace_span};
use wharf_telemetry::otlp;

/// The header that carries a trace (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The methods of RFC 9110 section 9 and RFC 5789. Spans have no others.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::CONNECT,
    Method::OPTIONS,
    Method::TRACE,
    Method::PATCH,
];

/// A request (semantic conventions, HTTP server). It continues the trace of its headers. The query is left out.
pub(crate) fn request(request: &Request) -> Span {
    let span = trace_span!(
        target: "otel",
        "request",
        otel.name = Empty,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        url.path = Empty,
        url.scheme = "http",
        error.type = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(parent) = text(TRACEPARENT) {
        otlp::continue_trace(&span, parent, text(TRACESTATE));
    }
    let method = if METHODS.contains(request.method()) { request.method().as_str() } else { "_OTHER" };
    let name = if method == "_OTHER" { "HTTP" } else { method };
    span.record("http.request.method", method);
    span.record("url.path", request.uri().path());
    match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(route) => span.record("http.route", route).record("otel.name", format!("{name} {route}")),
        None => span.record("otel.name", name),
    };
    span
}

/// Records how a request was answered, and adds the trace to the answer.
pub(crate) fn answered(span: &Span, response: &mut Response) {
    if span.is_disabled() {
        return;
    }
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR").record("error.type", status.as_str());
    }
    if let Some(header) = otlp::traceparent(span).and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(TRACEPARENT, header);
    }
}

/// Records that the operation of `span` failed, with the kind of the error. Its text may be long.
pub(crate) fn failed(span: &Span, kind: &str) {
    span.record("otel.status_code", "ERROR").record("error.type", kind);
}

/// A command to Redis (semantic conventions, Redis client).
pub(crate) fn redis(operation: &'static str) -> Span {
    trace_span!(
        target: "otel",
        "redis",
        otel.name = operation,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "redis",
        db.operation.name = operation,
        error.type = Empty,
    )
}

/// A statement to Postgres (semantic conventions, SQL).
fn sql(operation: &'static str, table: &'static str) -> Span {
    trace_span!(
        target: "otel",
        "sql",
        otel.name = format_args!("{operation} {table}"),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "postgresql",
        db.operation.name = operation,
        db.collection.name = table,
        error.type = Empty,
    )
}

/// Runs a statement in its span.
pub(crate) async fn statement<T>(
    operation: &'static str,
    table: &'static str,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let span = sql(operation, table);
    let result = statement.instrument(span.clone()).await;
    if let Err(error) = &result {
        // SQLSTATE, if the server refused.
        let code = error.as_database_error().and_then(|error| error.code());
        failed(&span, code.as_deref().unwrap_or("_OTHER"));
    }
    result
}
