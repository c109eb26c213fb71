//! The HTTP server: `/metrics`, `/sd`, `/healthz`, and the tasks behind them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wharf_docker::{Endpoint, labels};
use wharf_http_metrics::Process;
use wharf_serve::Limits;
use wharf_serve::page::{self, Link, Site};

use crate::collector::Collector;
use crate::containers::inventory::{self, Inventory};
use crate::containers::{Containers, Labels, SameName, Settings};
use crate::databases::{self, ConfigError, Databases, Protocol};
use crate::discovery;
use crate::exposition::write;
use crate::host::Host;
use crate::host::filesystem::FileSystems;
use crate::scrape::{Collectors, FileCollector};
use crate::self_metrics::ErrorLog;

/// The default port. No exporter in Prometheus' list uses it.
pub const PORT: u16 = 10_500;
/// The container labels that become labels of series by default.
pub const CONTAINER_LABELS: [&str; 3] = [labels::PROJECT, labels::SERVICE, labels::NUMBER];
/// Time for a scrape that does not say how long it may take.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a scrape may ask for.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The share of a scrape's time that the collectors have. The rest is for writing and the network.
const SHARE: f64 = 0.9;
/// Concurrent scrapes; further ones wait.
const SCRAPES_AT_A_TIME: usize = 4;
/// Concurrent probes; further ones wait.
const PROBES_AT_A_TIME: usize = 32;

/// The settings of an exporter.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The engine's endpoint. The engine need not be running yet.
    pub engine: Endpoint,
    /// What to collect.
    pub collectors: Vec<Collector>,
    /// The host's `/proc`.
    pub procfs: PathBuf,
    /// The host's `/`, for the sizes of its file systems.
    pub rootfs: PathBuf,
    /// The labels of containers that become labels of their series.
    pub container_labels: Vec<String>,
    /// Whether the container metrics that fewer dashboards use are served, too.
    pub more_container_metrics: bool,
    /// How old the size of a container's writable layer may be. Without it the engine is not asked for sizes.
    pub layer_sizes_every: Option<Duration>,
    /// Redis and Postgres servers, and the credentials of those that are discovered.
    pub databases: databases::Config,
    /// What clients may take.
    pub limits: Limits,
}

/// Why the exporter cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two container labels have the same name as metric labels.
    #[error(transparent)]
    Labels(#[from] SameName),
    /// The databases' configuration is invalid.
    #[error("databases: {0}")]
    Databases(#[from] ConfigError),
    /// A background task ended early.
    #[error("a background task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// An exporter that listens but does not serve yet.
#[derive(Debug)]
pub struct Exporter {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    engine: Endpoint,
    inventory: watch::Sender<Inventory>,
    limits: Limits,
}

#[derive(Debug)]
struct App {
    collectors: Collectors,
    turns: Semaphore,
    probes: Semaphore,
}

impl Exporter {
    /// Listens where `config` says. Nothing that is scraped needs to be running.
    ///
    /// # Errors
    ///
    /// When the address is in use or does not belong to this machine, two container labels would get the same name, or
    /// the databases' configuration is invalid.
    pub async fn bind(config: Config) -> Result<Self, RunError> {
        let labels = Labels::new(&config.container_labels)?;
        let listen = |source| RunError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let silent = Some("the engine has not answered yet".to_owned());
        let inventory = watch::Sender::new(Inventory { error: silent, ..Inventory::default() });
        let wanted = |collector: Collector| config.collectors.contains(&collector);
        let mut files = Vec::new();
        if wanted(Collector::Containers) {
            let settings = Settings {
                procfs: config.procfs.clone(),
                labels,
                more: config.more_container_metrics,
                layer_sizes_every: config.layer_sizes_every,
            };
            // The mounts of this process, wherever the host's `/proc` is.
            let mountinfo = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
            let mountinfo = String::from_utf8_lossy(&mountinfo);
            let mut containers = Containers::new(inventory.subscribe(), settings, &mountinfo);
            files.push(FileCollector::new(Collector::Containers, move || containers.collect()));
        }
        if wanted(Collector::Host) {
            let mut host = Host::new(&config.procfs);
            files.push(FileCollector::new(Collector::Host, move || host.collect()));
        }
        if wanted(Collector::Filesystem) {
            let mut file_systems = FileSystems::new(&config.procfs, &config.rootfs);
            files.push(FileCollector::new(Collector::Filesystem, move || file_systems.collect()));
        }
        let databases = wanted(Collector::Databases).then(|| Databases::new(config.databases)).transpose()?;
        let collectors = Collectors {
            files,
            databases,
            inventory: inventory.subscribe(),
            machine: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            errors: ErrorLog::default(),
            process: Process::default(),
        };
        let app = Arc::new(App {
            collectors,
            turns: Semaphore::new(SCRAPES_AT_A_TIME),
            probes: Semaphore::new(PROBES_AT_A_TIME),
        });
        Ok(Exporter { listener, address, app, engine: config.engine, inventory, limits: config.limits })
    }

    /// The address it listens on. For port 0 this has the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`; then lets requests in flight finish for a few seconds, and returns.
    ///
    /// # Errors
    ///
    /// When a background task fails.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let done = CancellationToken::new();
        let _end_tasks = done.clone().drop_guard();
        let mut tasks = JoinSet::new();
        // Discovery needs the containers even if their own metrics are turned off.
        tasks.spawn(inventory::follow(self.engine, self.inventory, done.clone()));
        tracing::info!(address = %self.address, collectors = self.app.collectors.names().join(","), "listening");
        // In a task, so that accepting and closing connections does not switch between threads.
        let serve = tokio::spawn(wharf_serve::serve(self.listener, router(self.app), self.limits, stop));
        tokio::select! {
            served = AbortOnDropHandle::new(serve) => served?,
            Some(ended) = tasks.join_next() => ended?,
        }
        done.cancel();
        while let Some(ended) = tasks.join_next().await {
            ended?;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics))
        .route("/metrics/machine", get(machine_metrics))
        .route("/scrape", get(async |app, headers, query| probe(Protocol::Redis, app, headers, query).await))
        .route("/probe", get(async |app, headers, query| probe(Protocol::Postgres, app, headers, query).await))
        .route("/sd", get(service_discovery))
        .route("/healthz", get(async || "ok\n"))
        .fallback(not_found)
        .with_state(app)
}

/// The content type of a scrape.
const TEXT: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let only = collect(query.as_deref().unwrap_or_default());
    let names = app.collectors.names();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return (StatusCode::BAD_REQUEST, format!("no collector {unknown:?}; there are: {}\n", names.join(", ")))
            .into_response();
    }
    scrape(&app, &headers, &only).await
}

/// Everything but the databases, for a Prometheus that scrapes each of them as a target of its own from `/sd`.
async fn machine_metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let all_but = app.collectors.names().into_iter().filter(|name| *name != Collector::Databases.name());
    let only: Vec<String> = all_but.map(str::to_owned).collect();
    scrape(&app, &headers, &only).await
}

async fn scrape(app: &App, headers: &HeaderMap, only: &[String]) -> Response {
    let deadline = deadline(headers, Instant::now());
    let Ok(Ok(_turn)) = timeout_at(deadline.into(), app.turns.acquire()).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at a time\n").into_response();
    };
    ([TEXT], app.collectors.scrape(only, deadline).await).into_response()
}

/// The parameters of redis_exporter's `/scrape` and postgres_exporter's `/probe`.
#[derive(serde::Deserialize)]
struct Probe {
    target: Option<String>,
    auth_module: Option<String>,
}

async fn probe(
    protocol: Protocol,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<Probe>,
) -> Response {
    let Some(databases) = &app.collectors.databases else {
        return (StatusCode::NOT_FOUND, "the collector databases is turned off\n").into_response();
    };
    let Some(target) = query.target.filter(|target| !target.is_empty()) else {
        return (StatusCode::BAD_REQUEST, "the parameter target is missing\n").into_response();
    };
    let protocol = match target.split_once("://") {
        Some(("redis" | "valkey", _)) => Protocol::Redis,
        Some(("postgres" | "postgresql", _)) => Protocol::Postgres,
        _ => protocol,
    };
    let deadline = deadline(&headers, Instant::now());
    let Ok(Ok(_turn)) = timeout_at(deadline.into(), app.probes.acquire()).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many probes at a time\n").into_response();
    };
    let discovered: Vec<_> = app.collectors.found().databases.into_iter().map(|found| found.target).collect();
    let module = query.auth_module.as_deref();
    match databases.probe(protocol, &target, module, &discovered, deadline.into()).await {
        Ok(families) => ([TEXT], write(&families)).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, format!("{error}\n")).into_response()
        }
    }
}

async fn service_discovery(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    // Prometheus can reach us by the name that it has just used.
    let address = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    axum::Json(discovery::groups(&app.collectors.found(), address)).into_response()
}

/// The exporter's own pages.
const SITE: Site = Site {
    name: "wharf exporter",
    version: env!("CARGO_PKG_VERSION"),
    links: &[
        Link {
            path: "/metrics",
            name: "Metrics",
            about: "Metrics of containers, the host, Redis and Postgres, for Prometheus",
        },
        Link { path: "/metrics/machine", name: "Machine", about: "The same without Redis and Postgres" },
        Link { path: "/sd", name: "Targets", about: "Targets for Prometheus (http_sd_configs), as JSON" },
        Link { path: "/healthz", name: "Health", about: "Whether this process is alive" },
    ],
};

/// What the exporter does, and the addresses that need a parameter.
const ABOUT: &str = "<p>Measures containers, the host, Redis and Postgres. \
    <code>/scrape?target=redis:6379</code> and <code>/probe?target=postgres:5432</code> measure one server.</p>";

async fn index() -> Response {
    (page::HEADERS, Html(SITE.index(ABOUT))).into_response()
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, page::HEADERS, Html(SITE.not_found())).into_response()
}

/// When a scrape must be answered. Prometheus sends its timeout in a header.
fn deadline(headers: &HeaderMap, now: Instant) -> Instant {
    let seconds =
        headers.get("x-prometheus-scrape-timeout-seconds").and_then(|value| value.to_str().ok()?.parse().ok());
    let timeout =
        seconds.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok()).filter(|timeout| !timeout.is_zero());
    now + timeout.unwrap_or(DEFAULT_TIMEOUT).min(LONGEST_TIMEOUT).mul_f64(SHARE)
}

/// The values of `collect[]`, as in node_exporter.
fn collect(query: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(name, _)| ["collect[]", "collect%5B%5D", "collect%5b%5d"].contains(name))
        .map(|(_, value)| value.chars().take(100).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_ends_before_prometheus_gives_up() {
        let now = Instant::now();
        let after = |value: &str| {
            let headers = HeaderMap::from_iter([(
                header::HeaderName::from_static("x-prometheus-scrape-timeout-seconds"),
                value.parse().unwrap(),
            )]);
            (deadline(&headers, now) - now).as_secs_f64()
        };
        assert_eq!(after("5"), 4.5);
        assert_eq!(after("0.5"), 0.45);
        for odd in ["", "-1", "NaN", "0", "inf", "soon"] {
            assert_eq!(after(odd), 9.0, "{odd}");
        }
        assert_eq!(after("1e9"), 54.0);
    }

    #[test]
    fn collectors_can_be_chosen_as_in_node_exporter() {
        assert_eq!(collect("collect[]=host&collect%5B%5D=containers&x=1&collect[]"), ["host", "containers"]);
    }
}
