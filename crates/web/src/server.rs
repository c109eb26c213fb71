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
use crate::counter::Counter;
use crate::flusher::Flusher;
use crate::history::History;
use crate::instruments::{Instruments, NotCounted};
use crate::link::Keeper;
use crate::peer::FromPeer;
use crate::reader::Reader;
use crate::requests::RequestLayer;
use crate::settings::Settings;
use crate::unavailable::{COUNTER_AWAY, Cause};
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
    /// A background task ended early.
    #[error("a background task failed: {0}")]
    Task(#[from] JoinError),
}

/// A server that listens but does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    keeper: Keeper,
    flusher: Option<Flusher>,
    flush_interval: Duration,
    limits: Limits,
}

impl Server {
    /// Listens where `settings` say. Neither Redis nor Postgres needs to be running.
    ///
    /// # Errors
    ///
    /// When the address is in use or does not belong to this machine.
    pub async fn bind(settings: Settings) -> Result<Self, ServerError> {
        let address = settings.listen;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let registry = Registry::new();
        let instruments = Instruments::register(&registry, settings.database.is_some())?;
        let (counter, keeper) = Counter::new(settings.redis, settings.keys_at_most, instruments.clone());
        let reader = settings.database.clone().map(Reader::new);
        let flusher = settings
            .database
            .zip(instruments.history.clone())
            .map(|(database, instruments)| Flusher::new(counter.clone(), History::new(database), instruments));
        let app = App {
            counter,
            instruments,
            replica: settings.replica,
            greeting: settings.greeting,
            proxies: settings.trusted_proxies,
            not_counted: NotCounted::register(&registry)?,
            reader,
        };
        Ok(Self {
            listener,
            address,
            router: router(app, &registry, settings.request_timeout)?,
            keeper,
            flusher,
            flush_interval: settings.flush_interval,
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
        let keeper_stop = CancellationToken::new();
        tasks.spawn(self.keeper.run(keeper_stop.clone()));
        match self.flusher {
            Some(flusher) => {
                let flusher = flusher.run(self.flush_interval, drained.clone());
                tasks.spawn(async move {
                    let _stop_keeper = keeper_stop.drop_guard();
                    flusher.await;
                });
            }
            None => {
                tracing::info!("neither DATABASE_URL nor DATABASE_HOST is set: no history is kept");
                let drained = drained.clone();
                tasks.spawn(async move {
                    drained.cancelled().await;
                    keeper_stop.cancel();
                });
            }
        }

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
