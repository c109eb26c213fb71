//! gRPC on a connection that the engine has taken over.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use tonic::body::Body;
use tonic::codegen::Service;
use wharf_docker::Upgraded;

/// One HTTP/2 connection. It closes when the last clone is dropped and its calls are over.
#[derive(Clone)]
pub(crate) struct Channel(hyper::client::conn::http2::SendRequest<Body>);

impl Channel {
    pub(crate) async fn open(connection: Upgraded) -> Result<Self, hyper::Error> {
        let (sender, driver) = hyper::client::conn::http2::handshake(TokioExecutor::new(), connection).await?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "the connection to the builder ended");
            }
        });
        Ok(Channel(sender))
    }
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
