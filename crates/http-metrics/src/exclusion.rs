//! Requests that are not counted.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use http::{Request, Response};
use pin_project_lite::pin_project;
use regex::RegexSet;
use tower_layer::Layer;
use tower_service::Service;

use crate::error::Error;

/// Patterns of paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusions(Option<RegexSet>);

impl Exclusions {
    /// Each pattern must match from the path's beginning, and need not match to its end.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, Error> {
        if patterns.is_empty() {
            return Ok(Self(None));
        }
        // One by one first, so that an error names the pattern.
        for pattern in patterns {
            regex::Regex::new(pattern).map_err(|source| Error::Pattern { pattern: pattern.clone(), source })?;
        }
        let anchored = patterns.iter().map(|pattern| format!("^(?:{pattern})"));
        let set = RegexSet::new(anchored).map_err(|source| Error::Pattern { pattern: patterns.join(" | "), source })?;
        Ok(Self(Some(set)))
    }

    pub(crate) fn cover(&self, path: &str) -> bool {
        self.0.as_ref().is_some_and(|patterns| patterns.is_match(path))
    }
}

/// A handler with this layer is not counted by [`HttpMetricsLayer`](crate::HttpMetricsLayer). Metrics for this handler
/// alone, such as [`HttpMetricsLayer::counter`](crate::HttpMetricsLayer::counter), still are.
///
/// A handler that decides by request puts it into the response's extensions instead:
///
/// ```
/// use axum::{Extension, Router, response::IntoResponse, routing::get};
/// use wharf_http_metrics::DoNotTrack;
///
/// async fn probe() -> impl IntoResponse {
///     (Extension(DoNotTrack), "alive")
/// }
///
/// let app: Router =
///     Router::new().route("/healthz", get(|| async { "alive" }).layer(DoNotTrack)).route("/probe", get(probe));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoNotTrack;

/// A handler with this layer is counted neither by [`HttpMetricsLayer`](crate::HttpMetricsLayer) nor by metrics for
/// this handler alone that are layered around it. May also be put into a response's extensions, like [`DoNotTrack`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExcludeAllMetrics;

/// A response with this among its extensions counts as the result of an exception.
///
/// The layer itself sees an uncaught panic. A panic that another layer catches and turns into a response looks like any
/// other response, unless it has this extension:
///
/// ```
/// use axum::{Extension, http::StatusCode, response::{IntoResponse, Response}};
/// use wharf_http_metrics::Exception;
///
/// fn panicked() -> Response {
///     (StatusCode::INTERNAL_SERVER_ERROR, Extension(Exception), "sorry").into_response()
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exception;

/// Marks that the whole handler of this route is untracked, so that this is known of later requests before they are
/// answered.
#[derive(Clone, Debug)]
pub(crate) struct WholeHandler(pub(crate) MatchedPath);

/// The service that [`DoNotTrack`] and [`ExcludeAllMetrics`] put around another.
#[derive(Clone, Debug)]
pub struct Marked<S, M> {
    inner: S,
    marker: M,
}

impl<S> Layer<S> for DoNotTrack {
    type Service = Marked<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Marked { inner, marker: *self }
    }
}

impl<S> Layer<S> for ExcludeAllMetrics {
    type Service = Marked<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        Marked { inner, marker: *self }
    }
}

impl<S, M, RequestBody, ResponseBody> Service<Request<RequestBody>> for Marked<S, M>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    M: Clone + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = MarkedFuture<S::Future, M>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let route = request.extensions().get::<MatchedPath>().cloned();
        MarkedFuture { inner: self.inner.call(request), marker: self.marker.clone(), route }
    }
}

pin_project! {
    /// The future of [`Marked`].
    #[derive(Debug)]
    pub struct MarkedFuture<F, M> {
        #[pin]
        inner: F,
        marker: M,
        route: Option<MatchedPath>,
    }
}

impl<F, M, ResponseBody, E> Future for MarkedFuture<F, M>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
    M: Clone + Send + Sync + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        if let Ok(response) = &mut result {
            response.extensions_mut().insert(this.marker.clone());
            if let Some(route) = this.route.take() {
                response.extensions_mut().insert(WholeHandler(route));
            }
        }
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_from_the_beginning_of_a_path() {
        let exclusions = Exclusions::new(&["/health".to_owned(), "/static/.*[.]css|/a$".to_owned()]).unwrap();
        for path in ["/health", "/healthz", "/static/x.css", "/a"] {
            assert!(exclusions.cover(path), "{path}");
        }
        for path in ["/", "/api/health", "/static/x.js", "/ab"] {
            assert!(!exclusions.cover(path), "{path}");
        }
        assert!(!Exclusions::new(&[]).unwrap().cover("/"));
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let patterns = ["/a".to_owned(), "/(".to_owned()];
        let Err(Error::Pattern { pattern, .. }) = Exclusions::new(&patterns) else { panic!("taken") };
        assert_eq!(pattern, "/(");
    }
}
