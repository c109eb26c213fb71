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
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;
use wharf_docker::{Endpoint, labels};
use wharf_serve::Limits;

use crate::containers::inventory::{self, Inventory};
use crate::containers::{Containers, Labels, SameName, Settings};
use crate::databases::{self, ConfigError, Databases, Protocol};
use crate::discovery;
use crate::exposition::write;
use crate::host::Host;
use crate::host::filesystem::FileSystems;
use crate::own::Troubles;
use crate::scrape::{Collector, Collectors};

/// The port; none of Prometheus' list of exporters.
pub const PORT: u16 = 10_500;
/// The labels of containers that become labels of their series, unless others are asked for.
pub const CONTAINER_LABELS: [&str; 3] = [labels::PROJECT, labels::SERVICE, labels::NUMBER];
/// How long a scrape may take that names no time.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a scrape may ask for.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The part of a scrape's time that the collectors have; the rest is for writing and for the way.
const SHARE: f64 = 0.9;
/// More scrapes wait for their turn.
const SCRAPES_AT_A_TIME: usize = 4;
/// More probes wait for their turn.
const PROBES_AT_A_TIME: usize = 32;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the engine is. It need not be there yet.
    pub engine: Endpoint,
    /// What to collect.
    pub collectors: Vec<Collector>,
    /// The host's `/proc`.
    pub procfs: PathBuf,
    /// The host's `/`, for the sizes of its file systems.
    pub rootfs: PathBuf,
    /// The labels of containers that become labels of their series.
    pub container_labels: Vec<String>,
    /// Whether the container metrics that fewer dashboards use are made, too.
    pub more_container_metrics: bool,
    /// How old the size of a container's writable layer may be; none: sizes are not asked for.
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
    /// The container labels do not fit together.
    #[error(transparent)]
    Labels(#[from] SameName),
    /// The databases' configuration cannot be used.
    #[error("databases: {0}")]
    Databases(#[from] ConfigError),
    /// A background task ended early.
    #[error("a background task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// An exporter that listens, and does not serve yet.
#[derive(Debug)]
pub struct Exporter {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    engine: Endpoint,
    labels: Labels,
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
    /// Listens where `config` says. Nothing that is scraped needs to be there.
    ///
    /// # Errors
    ///
    /// When the address is taken or not this machine's, two container labels would have one name, or the databases'
    /// configuration cannot be used.
    pub async fn bind(config: Config) -> Result<Self, RunError> {
        let labels = Labels::new(&config.container_labels)?;
        let listen = |source| RunError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let silent = Some("the engine has not answered yet".to_owned());
        let inventory = watch::Sender::new(Inventory { error: silent, ..Inventory::default() });
        let wanted = |collector: Collector| config.collectors.contains(&collector);
        let containers = wanted(Collector::Containers).then(|| {
            let settings = Settings {
                procfs: config.procfs.clone(),
                labels: labels.clone(),
                more: config.more_container_metrics,
                layer_sizes_every: config.layer_sizes_every,
            };
            // Our own mounts, wherever the host's processes are told.
            let mountinfo = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
            Containers::new(inventory.subscribe(), settings, &String::from_utf8_lossy(&mountinfo))
        });
        let collectors = Collectors {
            containers: containers.map(|containers| Arc::new(Mutex::new(containers))),
            host: wanted(Collector::Host).then(|| Arc::new(Mutex::new(Host::new(&config.procfs)))),
            filesystem: wanted(Collector::Filesystem)
                .then(|| Arc::new(Mutex::new(FileSystems::new(&config.procfs, &config.rootfs)))),
            databases: match wanted(Collector::Databases) {
                true => Some(Databases::new(config.databases)?),
                false => None,
            },
            inventory: inventory.subscribe(),
            machine: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            troubles: Troubles::default(),
        };
        let app = Arc::new(App {
            collectors,
            turns: Semaphore::new(SCRAPES_AT_A_TIME),
            probes: Semaphore::new(PROBES_AT_A_TIME),
        });
        Ok(Exporter { listener, address, app, engine: config.engine, labels, inventory, limits: config.limits })
    }

    /// Where it listens; the port is the one that the system chose, where port 0 was asked for.
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
        let labels = self.labels;
        let keep = move |label: &str| labels.wants(label) || discovery::wants(label);
        tasks.spawn(inventory::follow(self.engine, keep, self.inventory, done.clone()));
        tracing::info!(address = %self.address, collectors = ?self.app.collectors.names(), "listening");
        tokio::select! {
            () = wharf_serve::serve(self.listener, router(self.app), self.limits, stop) => {}
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
        .with_state(app)
}

/// What a scrape's answer is.
const TEXT: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let only = collect(query.as_deref().unwrap_or_default());
    let there = app.collectors.names();
    if let Some(unknown) = only.iter().find(|name| !there.contains(&name.as_str())) {
        return (StatusCode::BAD_REQUEST, format!("no collector {unknown:?}; there are: {}\n", there.join(", ")))
            .into_response();
    }
    scrape(&app, &headers, &only).await
}

/// All but the databases, for a Prometheus that asks for each of them by itself because `/sd` told it to.
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
    // What the asker calls us it can reach us by.
    let ourselves = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    axum::Json(discovery::groups(&app.collectors.found(), ourselves)).into_response()
}

async fn index() -> Html<&'static str> {
    Html(
        "<!doctype html>\n<html lang=\"en\">\n<title>wharf exporter</title>\n<h1>wharf exporter</h1>\n<ul>\n\
         <li><a href=\"/metrics\">/metrics</a>: containers, the host, Redis and Postgres\n\
         <li><a href=\"/metrics/machine\">/metrics/machine</a>: the same without Redis and Postgres\n\
         <li><code>/scrape?target=</code>, <code>/probe?target=</code>: one Redis, one Postgres\n\
         <li><a href=\"/sd\">/sd</a>: targets for Prometheus (<code>http_sd_configs</code>)\n\
         <li><a href=\"/healthz\">/healthz</a>: whether this process is alive\n</ul>\n</html>\n",
    )
}

/// When a scrape has to be answered: Prometheus tells its timeout in a header.
fn deadline(headers: &HeaderMap, now: Instant) -> Instant {
    let seconds =
        headers.get("x-prometheus-scrape-timeout-seconds").and_then(|value| value.to_str().ok()?.parse().ok());
    let asked =
        seconds.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok()).filter(|asked| !asked.is_zero());
    now + asked.unwrap_or(DEFAULT_TIMEOUT).min(LONGEST_TIMEOUT).mul_f64(SHARE)
}

/// The values of `collect[]`, which node_exporter calls so, too.
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
