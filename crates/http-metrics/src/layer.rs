//! The layer, its service and the future that waits for the response's head.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use pin_project_lite::pin_project;
use prometheus::Registry;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::{CountedBody, FollowedBody};
use crate::in_flight::InFlight;
use crate::labels::Labels;
use crate::place::Place;
use crate::record::RequestGroups;

/// Counts every request that passes; made by [`HttpMetrics::register`](crate::HttpMetrics::register).
#[derive(Clone, Debug)]
pub struct HttpMetricsLayer {
    pub(crate) groups: Arc<RequestGroups>,
    pub(crate) registry: Registry,
    /// What the application adds to all metrics.
    pub(crate) labels: Labels,
    pub(crate) label_sets_at_most: usize,
}

impl<S> Layer<S> for HttpMetricsLayer {
    type Service = HttpMetricsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpMetricsService { inner, place: Arc::new(Place::new(self.groups.clone())) }
    }
}

/// The service that [`HttpMetricsLayer`] puts around another.
#[derive(Clone, Debug)]
pub struct HttpMetricsService<S> {
    inner: S,
    place: Arc<Place>,
}

impl<S, RequestBody, ResponseBody> Service<http::Request<RequestBody>> for HttpMetricsService<S>
where
    S: Service<Request, Response = http::Response<ResponseBody>>,
    RequestBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    ResponseBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<RequestBody>) -> Self::Future {
        let mut request = request.map(Body::new);
        let mut in_flight = InFlight::new(&self.place, &request);
        if let Some(bytes) = in_flight.as_mut().and_then(|in_flight| in_flight.count_received(request.body())) {
            request = request.map(|body| Body::new(CountedBody::new(body, bytes)));
        }
        let inner = InFlight::watch(&mut in_flight, || self.inner.call(request));
        ResponseFuture { inner, in_flight }
    }
}

pin_project! {
    /// The future of [`HttpMetricsService`]: hands the request over to the response's body, if that takes time.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        in_flight: Option<InFlight>,
    }
}

impl<F, ResponseBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<http::Response<ResponseBody>, E>>,
    ResponseBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(InFlight::watch(this.in_flight, || this.inner.poll(cx)));
        let in_flight = this.in_flight;
        Poll::Ready(match result {
            Ok(response) => {
                let response = response.map(Body::new);
                let follow = in_flight.as_mut().is_some_and(|in_flight| in_flight.answered(&response));
                match in_flight.take_if(|_| follow) {
                    Some(in_flight) => Ok(response.map(|body| Body::new(FollowedBody::new(body, in_flight)))),
                    None => {
                        *in_flight = None;
                        Ok(response)
                    }
                }
            }
            Err(error) => {
                if let Some(in_flight) = in_flight {
                    in_flight.failed();
                }
                *in_flight = None;
                Err(error)
            }
        })
    }
}

/// Checks at compile time that axum accepts the layer.
const _: fn(axum::Router, HttpMetricsLayer) -> axum::Router = |router, layer| {
    fn is_layer<S>(_: &S)
    where
        S: Service<Request, Response = Response, Error = Infallible>,
    {
    }
    let _ = is_layer::<HttpMetricsService<axum::routing::Route>>;
    router.layer(layer)
};
