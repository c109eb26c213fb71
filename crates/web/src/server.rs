//! The application put together: routes, background tasks, and an orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use wharf_http_metrics::{HttpMetrics, register_process_metrics};
use wharf_serve::{Limits, serve_each};

use crate::app::App;
use crate::clock::Clock;
use crate::instruments::NotCounted;
use crate::peer::FromPeer;
use crate::requests::RequestLayer;
use crate::settings::{Settings, Store};
use crate::sqlite::StoreError;
use crate::unavailable::{COUNTER_AWAY, Cause};
use crate::upkeep::{Kit, Upkeep};
use crate::{api, embed, hits, pages, probes, stats};

/// Connections that may be open at once, where the limit of file descriptors allows as many.
const CONNECTIONS: usize = 10_000;

/// Why the server could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("LISTEN_ADDR: cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The name of one of the application's metrics is taken.
    #[error("cannot register the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The name of a metric of requests or of the process is taken.
    #[error("cannot register the metrics: {0}")]
    RequestMetrics(#[from] wharf_http_metrics::Error),
    /// Nothing can be counted in the file of `STORE`.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A background task ended early.
    #[error("a background task failed: {0}")]
    Task(#[from] JoinError),
}

/// A server that listens but does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    upkeep: Upkeep,
    limits: Limits,
}

impl Server {
    /// Listens where `settings` say, and lives by `clock`. Neither Redis nor Postgres needs to be running; a file of `STORE` is opened.
    ///
    /// # Errors
    ///
    /// When the address is in use or does not belong to this machine, and when nothing can be counted in the file.
    pub async fn bind(settings: Settings, clock: Clock) -> Result<Self, ServerError> {
        let address = settings.listen;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let registry = Registry::new();
        let keys_at_most = settings.keys_at_most;
        let Kit { counter, history, reader, upkeep } = match settings.store {
            Store::Servers { redis, database } => {
                Kit::servers(redis, database, (keys_at_most, settings.flush_interval), &clock, &registry)?
            }
            Store::Sqlite(path) => Kit::sqlite(&path, keys_at_most, &clock, &registry).await?,
        };
        let app = App {
            counter,
            history,
            replica: settings.replica,
            greeting: settings.greeting,
            proxies: settings.trusted_proxies,
            not_counted: NotCounted::register(&registry)?,
            reader,
            clock,
        };
        Ok(Self {
            listener,
            address,
            router: router(app, &registry, settings.request_timeout)?,
            upkeep,
            limits: Limits {
                header_timeout: settings.head_timeout,
                connections: CONNECTIONS,
                shutdown_timeout: settings.shutdown_timeout,
                ..Limits::default()
            },
        })
    }

    /// The address it listens on. For port 0 this has the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`; then accepts no more connections, lets requests in flight finish for as long as the
    /// settings allow, brings the history up to date, and returns.
    ///
    /// # Errors
    ///
    /// When a background task fails.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerError> {
        // Requests in flight need the tasks, so the tasks stop after them.
        let drained = CancellationToken::new();
        let _stop_tasks = drained.clone().drop_guard();
        let mut tasks = JoinSet::new();
        self.upkeep.start(&mut tasks, &drained);

        tracing::info!(address = %self.address, "listening");
        let service = |client| FromPeer::new(self.router.clone(), client);
        tokio::select! {
            () = serve_each(self.listener, service, self.limits, stop) => {}
            Some(result) = tasks.join_next() => result?,
        }
        drained.cancel();
        while let Ok(Some(result)) = timeout(Duration::from_secs(1), tasks.join_next()).await {
            result?;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

fn router(app: App, registry: &Registry, deadline: Duration) -> Result<Router, ServerError> {
    let metrics = HttpMetrics::new().register(registry)?;
    metrics.info("wharf_web_info", "The version of wharf-web.", &[("version", env!("CARGO_PKG_VERSION"))])?;
    register_process_metrics(registry)?;
    Ok(Router::new()
        .route("/", get(pages::welcome))
        .route("/badge", get(pages::badge))
        .route("/count", get(pages::count).head(pages::count_head))
        .route("/hits/{key}", get(hits::hit).head(hits::head))
        .route("/k/{key}", get(embed::get).head(embed::head))
        .route("/stats", get(stats::page))
        .merge(api::routes())
        .route("/static/{name}", get(pages::asset))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .merge(metrics.route("/metrics"))
        .fallback(pages::not_found)
        .with_state(Arc::new(app))
        // The metrics see the request first. As one layer they cost one box.
        .layer((metrics, RequestLayer { deadline, too_slow, explain: pages::explain })))
}

/// The answer to a request that took too long: a problem of the API or a page.
fn too_slow(path: &str, cause: Cause) -> Response {
    if path.starts_with(api::PREFIX) {
        api::Problem::unavailable(COUNTER_AWAY, cause).into_response()
    } else {
        pages::Unavailable(cause).into_response()
    }
}

#[cfg(test)]
mod tests;
