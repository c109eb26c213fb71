//! Where the client of a connection is, for the handlers that ask.

use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use axum::http::Request;
use tower_service::Service;

/// The address that a request came from: the client's, or that of a proxy before us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The service of one connection.
#[derive(Clone)]
pub(crate) struct FromPeer<S> {
    service: S,
    peer: Option<Peer>,
}

impl<S> FromPeer<S> {
    pub(crate) fn new(service: S, client: Option<SocketAddr>) -> Self {
        Self { service, peer: client.map(|client| Peer(client.ip())) }
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for FromPeer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        // An extension costs two allocations, so a request gets one only where a handler asks for it.
        if let Some(peer) = self.peer.filter(|_| asks(request.uri().path())) {
            request.extensions_mut().insert(peer);
        }
        self.service.call(request)
    }
}

fn asks(path: &str) -> bool {
    matches!(path, "/" | "/badge") || path.starts_with("/k/")
}
