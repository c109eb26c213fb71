//! Connections: accepted, served with a limit on how long a request's head may take, and ended in order.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::gather::Gather;

/// After what is no connection's fault, such as too many open files, accepting rests for so long.
const REST: Duration = Duration::from_millis(100);

/// Serves until `stop`, then until the requests in flight are answered.
///
/// A connection whose client has not sent the head of a request within `head_takes` is closed; this goes for the time
/// between two requests, too, so nobody keeps connections by doing nothing.
pub(crate) async fn serve(listener: TcpListener, router: Router, head_takes: Duration, stop: CancellationToken) {
    let connections = GracefulShutdown::new();
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_takes);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) if of_one_connection(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(REST).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let connection =
            server.serve_connection(TokioIo::new(Gather::new(stream)), TowerToHyperService::new(router.clone()));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // The client has gone, was too slow, or did not speak HTTP.
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
