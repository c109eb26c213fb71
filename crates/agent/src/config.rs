//! The agent's configuration: Promtail's YAML, or a few flags.

mod clients;
pub mod environment;
mod jobs;
mod section;
mod simple;
pub mod units;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use environment::expand_environment;
pub use jobs::{DockerFrom, FilesFrom, Job};
pub use simple::{Selection, Simple};

use crate::delivery::{ClientConfig, Schedule};
use crate::yaml::{self, ConfigError, ErrorAt as _, Node, Place};
use section::{Faults, Section};

/// The default limit of bytes that are read and not acknowledged.
pub const DEFAULT_MEMORY: usize = 4 << 20;
/// The default length at which a line is cut, in bytes: Loki refuses longer ones.
pub const DEFAULT_LINE: usize = 256 << 10;

/// The agent's whole configuration.
#[derive(Debug)]
pub struct Config {
    /// The address of `/metrics`, `/ready` and `/targets`; `None`: they are not served.
    pub listen: Option<SocketAddr>,
    /// The file of positions; `None`: they are not kept.
    pub positions: Option<PathBuf>,
    /// The endpoints.
    pub clients: Vec<ClientConfig>,
    /// The jobs.
    pub jobs: Vec<Job>,
    /// When batches are closed, and how long lines may be.
    pub limits: Limits,
}

/// Limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A batch is closed when it has this many bytes.
    pub batch_bytes: usize,
    /// And when its first line is this old.
    pub batch_wait: Duration,
    /// Longer lines are cut, in bytes.
    pub line_bytes: usize,
    /// Bytes that are read and not acknowledged.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes: 1 << 20,
            batch_wait: Duration::from_secs(1),
            line_bytes: DEFAULT_LINE,
            memory: DEFAULT_MEMORY,
        }
    }
}

/// An option that is accepted and has no effect.
pub type Warning = ConfigError;

/// A configuration and its warnings.
#[derive(Debug)]
pub struct Read {
    /// The configuration.
    pub config: Config,
    /// What has no effect, in the order of the file.
    pub warnings: Vec<Warning>,
}

/// Reads Promtail's YAML.
///
/// # Errors
///
/// All mistakes, in the order of the file.
pub fn from_yaml(text: &str) -> Result<Read, Vec<ConfigError>> {
    let read = part_from_yaml(text)?;
    if read.config.clients.is_empty() {
        let place = Place { line: 1, column: 1 };
        return Err(vec![place.error(
            "no `clients`: add `clients: [{url: http://loki:3100/loki/api/v1/push}]`, or name one with `--loki`",
        )]);
    }
    Ok(read)
}

/// Like [`from_yaml`], but without the need for an endpoint.
///
/// # Errors
///
/// All mistakes, in the order of the file.
pub fn part_from_yaml(text: &str) -> Result<Read, Vec<ConfigError>> {
    let node = yaml::read(text)?;
    let mut faults = Faults::default();
    let config = whole(&node, &mut faults);
    faults.errors.sort_by_key(|error| error.place);
    faults.warnings.sort_by_key(|warning| warning.place);
    if !faults.errors.is_empty() {
        return Err(faults.errors);
    }
    Ok(Read { config, warnings: faults.warnings })
}

fn whole(node: &Node, faults: &mut Faults) -> Config {
    let mut file = Section::new("the configuration", node, faults);
    let listen = file.child("server").map_or(Some(default_listen()), |node| server(node, file.faults()));
    let positions = file.child("positions").map_or_else(default_positions, |node| positions(node, file.faults()));
    let mut limits = Limits::default();
    if let Some(node) = file.child("limits_config") {
        limits_config(node, &mut limits, file.faults());
    }
    let (mut nodes, single) = (file.list("clients"), file.child("client"));
    nodes.extend(single);
    let mut clients = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        clients.extend(clients::read(node, number, &mut limits, file.faults()));
    }
    let period = file.child("target_config").map_or(Duration::from_secs(10), |node| target_config(node, file.faults()));
    let job_nodes = file.list("scrape_configs");
    if job_nodes.is_empty() {
        file.error_here("no `scrape_configs`: nothing is read");
    }
    let jobs: Vec<Job> = job_nodes
        .iter()
        .enumerate()
        .filter_map(|(number, node)| jobs::read(node, number, period, file.faults()))
        .collect();
    if let Some(first) = job_nodes.first().filter(|_| jobs.is_empty() && file.faults().errors.is_empty()) {
        file.error(first, "no job reads containers or files: add one with `docker_sd_configs` or `static_configs`");
    }
    global(&mut file);
    file.finish();
    Config { listen, positions, clients, jobs, limits }
}

/// Options that are accepted and have no effect here.
fn global(file: &mut Section<'_, '_>) {
    file.without_effect("wal", "lines wait in the engine's files, or in `--spool`");
    file.without_effect("tracing", "the agent makes no traces");
    file.without_effect("runtime_config", "the configuration does not change at run time");
    if let Some(node) = file.child("options") {
        let mut options = Section::new("options", node, file.faults());
        options.without_effect("stream_lag_labels", "lag is reported for each target");
        options.finish();
    }
    if let Some(node) = file.child("global") {
        let mut global = Section::new("global", node, file.faults());
        if let Some(watch) = global.child("file_watch_config") {
            let mut watch = Section::new("file_watch_config", watch, global.faults());
            for name in ["min_poll_frequency", "max_poll_frequency"] {
                watch.without_effect(name, "the kernel reports changes");
            }
            watch.finish();
        }
        global.finish();
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 9080))
}

fn server(node: &Node, faults: &mut Faults) -> Option<SocketAddr> {
    let mut server = Section::new("server", node, faults);
    let port = server.integer("http_listen_port", 0, u16::MAX.into()).unwrap_or(9080);
    let address = server.parsed("http_listen_address", "an IP address", |text| match text {
        "" => Some([0, 0, 0, 0].into()),
        "localhost" => Some([127, 0, 0, 1].into()),
        text => text.parse().ok(),
    });
    let disable = server.boolean("disable").unwrap_or(false);
    server.without_effect("log_level", "WHARF_LOG chooses what is logged");
    server.without_effect("log_format", "`--log-format` chooses the form");
    let unused = [
        "grpc_listen_address",
        "grpc_listen_port",
        "grpc_listen_network",
        "grpc_listen_conn_limit",
        "http_listen_network",
        "http_listen_conn_limit",
        "register_instrumentation",
        "graceful_shutdown_timeout",
        "http_server_read_timeout",
        "http_server_write_timeout",
        "http_server_idle_timeout",
        "grpc_server_max_recv_msg_size",
        "grpc_server_max_send_msg_size",
        "grpc_server_max_concurrent_streams",
        "http_path_prefix",
        "external_url",
        "health_check_target",
        "enable_runtime_reload",
        "profiling_enabled",
        "log_source_ips_enabled",
    ];
    for name in unused {
        server.without_effect(name, "the agent's pages have no such setting");
    }
    server.finish();
    let port = u16::try_from(port).unwrap_or(9080);
    (!disable).then(|| SocketAddr::new(address.unwrap_or([0, 0, 0, 0].into()), port))
}

fn default_positions() -> Option<PathBuf> {
    Some(PathBuf::from("/var/lib/wharf-agent/positions.json"))
}

fn positions(node: &Node, faults: &mut Faults) -> Option<PathBuf> {
    let mut positions = Section::new("positions", node, faults);
    let file = positions.text("filename").map(PathBuf::from);
    positions.without_effect("sync_period", "positions are saved after each acknowledgement");
    positions.without_effect("ignore_invalid_yaml", "a positions file that cannot be read is an error");
    positions.finish();
    file.or_else(default_positions)
}

fn limits_config(node: &Node, limits: &mut Limits, faults: &mut Faults) {
    let mut section = Section::new("limits_config", node, faults);
    let longest = section.bytes("max_line_size").unwrap_or(0);
    let truncate = section.boolean("max_line_size_truncate").unwrap_or(false);
    if longest > 0 {
        limits.line_bytes = usize::try_from(longest).unwrap_or(usize::MAX);
        if !truncate {
            section.warn("max_line_size", "longer lines are cut and say so, as with `max_line_size_truncate: true`");
        }
    }
    for name in ["readline_rate", "readline_burst", "readline_rate_enabled", "readline_rate_drop"] {
        section.without_effect(name, "use the stage `limit`");
    }
    section.without_effect("max_streams", "streams are not counted");
    section.finish();
}

fn target_config(node: &Node, faults: &mut Faults) -> Duration {
    let mut section = Section::new("target_config", node, faults);
    let period = section.duration("sync_period").unwrap_or(Duration::from_secs(10));
    section.without_effect("stdin", "standard input is not read");
    section.finish();
    period.max(Duration::from_millis(100))
}

/// The defaults of a client.
pub const SCHEDULE: Schedule =
    Schedule { first: Duration::from_millis(500), longest: Duration::from_secs(30), tries: None };
