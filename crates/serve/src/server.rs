//! Accepting connections, serving them under limits, and ending them in order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::connections::{Connections, Tracked};
use crate::gather::Gather;
use crate::hosted::Hosted;
use crate::listener::Listener;
use crate::stream::ClientStream;

/// Accepting pauses for this long after an error that is not one connection's, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// What clients may take. The default is for servers that only monitoring and people ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a client may take to send the head of a request, counted from the connection's start or from the
    /// previous answer. It is the idle timeout, too.
    pub header_timeout: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// How many connections may be open. A further one replaces the connection that was used longest ago and has no
    /// request in flight. Never more than half of the file descriptors that the process may have are used, so that
    /// clients cannot take those that it needs for its own work.
    pub connections: usize,
    /// How long requests in flight may take to finish after the end was asked for.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            connections: 256,
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// Serves HTTP/1 until `stop` is cancelled, then until the requests in flight are answered or
/// [`shutdown_timeout`](Limits::shutdown_timeout) has passed. Dropping the future closes all connections.
///
/// Bodies of requests are left to `service`: one that reads them sets its own deadline and size. A body that is not read
/// is not waited for; the connection is closed after the answer.
pub async fn serve<L, S, B>(listener: L, service: S, limits: Limits, stop: CancellationToken)
where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    serve_each(listener, |_| service.clone(), limits, stop).await;
}

/// The same for a service that knows its client: `service` makes one for each connection from the client's address, which
/// connections of a Unix socket do not have.
pub async fn serve_each<L, S, B>(
    listener: L,
    service: impl Fn(Option<SocketAddr>) -> S,
    limits: Limits,
    stop: CancellationToken,
) where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connections = Connections::at_most(limits.connections.min(half_of_descriptors()).max(1));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if of_one_connection(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(PAUSE).await;
                continue;
            }
        };
        let Some(place) = stop.run_until_cancelled(connections.place()).await else { break };
        connections.start(place, |activity| {
            let stream = Gather::new(ClientStream::new(stream, activity.clone(), limits.write_timeout));
            let service = Tracked { service: Hosted(TowerToHyperService::new(service(client))), activity };
            graceful.watch(http.serve_connection(TokioIo::new(stream), service))
        });
    }
    drop(listener);
    if timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests in flight took too long and were cut off");
    }
}

fn half_of_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit / 2).unwrap_or(usize::MAX))
}

fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
