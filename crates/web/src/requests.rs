//! The middleware around every request: it sets an id and a deadline, and writes one line to the access log.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tokio::time::{Timeout, timeout_at};
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;
use uuid::Uuid;

use crate::form::Form;
use crate::unavailable::Cause;
use crate::{security, trace};

/// The header that carries a request's id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id accepted from a client, in bytes.
const LONGEST_ID: usize = 64;

/// Paths that are polled by machines. Their log lines have the level debug.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Largest accepted body of a request, in bytes. No route reads one.
const LARGEST_BODY: u64 = 16 * 1024;

#[derive(Debug, thiserror::Error)]
#[error("no answer within the request's deadline of {0:?}")]
struct TooSlow(Duration);

/// A layer that gives each request a deadline, an id and a line in the access log. It is a hand-written layer because
/// `axum::middleware::from_fn` costs a request four allocations (docs/decisions/0022-one-thread.md).
#[derive(Clone)]
pub(crate) struct RequestLayer {
    /// How long a request may take.
    pub(crate) deadline: Duration,
    /// The answer to a request for this path that took longer.
    pub(crate) too_slow: fn(path: &str, Cause) -> Response,
    /// Completes an answer that is no success, for people: the request's address, its id, and the form that it asks for.
    pub(crate) explain: fn(Response, &Uri, id: &str, Form) -> Response,
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> RequestService<S> {
        RequestService { inner, layer: self.clone() }
    }
}

/// The service that [`RequestLayer`] puts around another one.
#[derive(Clone)]
pub(crate) struct RequestService<S> {
    inner: S,
    layer: RequestLayer,
}

impl<S> Service<Request> for RequestService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RequestFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let start = Instant::now();
        let log = RequestLog {
            start,
            span: trace::request(&request),
            id: request_id(request.headers()),
            method: request.method().clone(),
            uri: request.uri().clone(),
            form: Form::of(request.headers()),
        };
        let answer = (!too_large(request.headers()))
            .then(|| timeout_at((start + self.layer.deadline).into(), log.span.in_scope(|| self.inner.call(request))));
        RequestFuture { answer, layer: self.layer.clone(), log }
    }
}

/// What the access log needs to know of a request.
struct RequestLog {
    start: Instant,
    span: Span,
    id: HeaderValue,
    method: Method,
    uri: Uri,
    form: Form,
}

pin_project! {
    /// The future of [`RequestService`].
    pub(crate) struct RequestFuture<F> {
        // None if the request was refused.
        #[pin]
        answer: Option<Timeout<F>>,
        layer: RequestLayer,
        log: RequestLog,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for RequestFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let RequestLog { start, span, id, method, uri, form } = this.log;
        let _within = span.enter();
        let mut response = match this.answer.as_pin_mut() {
            Some(answer) => match ready!(answer.poll(cx)) {
                Ok(Ok(response)) => response,
                Err(_) => {
                    let RequestLayer { deadline, too_slow, .. } = this.layer;
                    too_slow(uri.path(), Cause::new(TooSlow(*deadline)))
                }
            },
            None => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        };
        if !response.status().is_success() {
            response = (this.layer.explain)(response, uri, id.to_str().unwrap_or_default(), *form);
        }
        trace::answered(span, &mut response);
        write_log(method, uri.path(), id, &response, start.elapsed());
        security::protect(response.headers_mut());
        response.headers_mut().insert(REQUEST_ID, id.clone());
        Poll::Ready(Ok(response))
    }
}

/// Whether the announced body is larger than any that a route accepts. A body of unknown length is not read at all.
fn too_large(headers: &HeaderMap) -> bool {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else { return false };
    length.to_str().ok().and_then(|text| text.parse::<u64>().ok()).is_none_or(|length| length > LARGEST_BODY)
}

/// The query is left out: it may hold something private.
fn write_log(method: &Method, path: &str, id: &HeaderValue, response: &Response, duration: Duration) {
    let method = method.as_str();
    let status = response.status().as_u16();
    let request_id = id.to_str().unwrap_or_default();
    let duration_ms = duration.as_micros() as f64 / 1000.0;
    if let Some(Cause(cause)) = response.extensions().get() {
        let error = chain(&**cause);
        tracing::warn!(request_id, method, path, status, duration_ms, error, "request");
    } else if PROBES.contains(&path) {
        tracing::debug!(request_id, method, path, status, duration_ms, "request");
    } else {
        tracing::info!(request_id, method, path, status, duration_ms, "request");
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// The id that came with the request if it is safe in logs and headers, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let harmless = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    match headers.get(REQUEST_ID) {
        Some(id) if (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(harmless) => id.clone(),
        _ => {
            let mut digits = [0; uuid::fmt::Simple::LENGTH];
            let id = Uuid::new_v4().simple().encode_lower(&mut digits);
            HeaderValue::from_str(id).expect("hexadecimal digits are allowed in a header")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
        request_id(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_harmless_id_is_kept() {
        assert_eq!(id_for(b"7b1f0c5e-A_z.9"), "7b1f0c5e-A_z.9");
        assert_eq!(id_for(&[b'a'; 64]), "a".repeat(64));
    }

    #[test]
    fn any_other_id_is_replaced() {
        for given in [&b""[..], b"a b", b"\"", b"a{b}", b"\xff", &[b'a'; 65]] {
            let id = id_for(given);
            assert_eq!(id.len(), 32, "{given:?}");
            assert_ne!(id, id_for(given), "each request has its own");
        }
    }
}
