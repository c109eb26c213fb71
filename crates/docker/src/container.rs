//! A container as the engine describes it: those parts of `GET /containers/{id}/json` that wharf uses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bollard::models as api;
use bollard::query_parameters::InspectContainerOptionsBuilder;

use crate::engine::Engine;
use crate::error::Error;
use crate::error_kind::unless_gone;
use crate::names::bare_name;
use crate::timestamp::{Timestamp, timestamp};

/// A container.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerDetails {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The name, without the slash in front.
    pub name: String,
    /// The image, as it was named when the container was created.
    pub image: String,
    /// All labels, also those of the image.
    pub labels: BTreeMap<String, String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// What it does now.
    pub state: ContainerState,
    /// How often the engine has restarted it by its restart policy.
    pub restarts: u64,
    /// Whether it is to be started again whatever its exit code: `always`, `unless-stopped`.
    pub restarts_always: bool,
    /// Its host name.
    pub hostname: String,
    /// Whether it has a terminal: its output is one stream without frames.
    pub terminal: bool,
    /// `bridge`, `host`, `none`, `container:<id>` or a network's name.
    pub network_mode: String,
    /// Its networks, by name.
    pub networks: BTreeMap<String, NetworkAttachment>,
    /// Ports that the image or the container declares: `6379/tcp`. In order.
    pub exposed_ports: Vec<String>,
    /// Ports of a running container, published or not.
    pub ports: Vec<ContainerPort>,
    /// The limits that it was created with.
    pub limits: ContainerLimits,
    /// Where its output goes.
    pub log: ContainerLog,
    /// Its health check, its own or its image's; `None`: it has none, or one that is turned off.
    pub health_check: Option<HealthCheck>,
}

/// What a container does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerState {
    /// The engine's word for it.
    pub status: ContainerStatus,
    /// Whether it has a process, or is between two restarts.
    pub running: bool,
    /// The first process, as the engine's process namespace numbers it.
    pub pid: Option<u32>,
    /// The exit code of the last run.
    pub exit_code: i64,
    /// Whether the last run was killed because memory ran out.
    pub oom_killed: bool,
    /// Why the engine could not start it; empty if it could.
    pub error: String,
    /// When it was started last; `None`: never.
    pub started: Option<Timestamp>,
    /// The state of its health check; `None`: it has none.
    pub health: Option<Health>,
}

/// The engine's word for what a container does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContainerStatus {
    /// Never started.
    #[default]
    Created,
    /// It has a process.
    Running,
    /// Its processes are frozen.
    Paused,
    /// Between two runs, by its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Stopped.
    Exited,
    /// A removal failed half-way.
    Dead,
}

impl ContainerStatus {
    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            ContainerStatus::Created => "created",
            ContainerStatus::Running => "running",
            ContainerStatus::Paused => "paused",
            ContainerStatus::Restarting => "restarting",
            ContainerStatus::Removing => "removing",
            ContainerStatus::Exited => "exited",
            ContainerStatus::Dead => "dead",
        }
    }
}

/// The state of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What the engine makes of the probes.
    pub status: HealthStatus,
    /// The last probe.
    pub last_probe: Option<Probe>,
}

/// What the engine makes of a container's probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// Within the start period, or not probed often enough.
    Starting,
    /// The last probe succeeded.
    Healthy,
    /// Too many probes in a row failed.
    Unhealthy,
}

impl HealthStatus {
    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            HealthStatus::Starting => "starting",
            HealthStatus::Healthy => "healthy",
            HealthStatus::Unhealthy => "unhealthy",
        }
    }
}

/// How the engine probes a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// The program that is run in the container, and its arguments.
    pub command: Vec<String>,
    /// How long one run may take.
    pub timeout: Duration,
}

/// One run of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// 0: healthy.
    pub exit_code: i64,
    /// What it wrote, at most 4 KiB.
    pub output: String,
}

/// A container's place in a network. Addresses are empty while it does not run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkAttachment {
    /// The network's identifier.
    pub network_id: String,
    /// The IPv4 address.
    pub ipv4: String,
    /// The global IPv6 address.
    pub ipv6: String,
}

/// A port of a running container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerPort {
    /// The port inside.
    pub private: u16,
    /// The port on the host; `None`: not published.
    pub public: Option<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// The host's address; empty where it is not published.
    pub ip: String,
}

/// Limits as they were requested. `None` or 0: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContainerLimits {
    /// CPU time for each period, in microseconds.
    pub cpu_quota: Option<i64>,
    /// The period, in microseconds.
    pub cpu_period: Option<i64>,
    /// CPUs, in billionths.
    pub nano_cpus: Option<i64>,
    /// Weight against other containers.
    pub cpu_shares: Option<i64>,
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Bytes of memory that are kept under pressure.
    pub memory_reservation: Option<i64>,
    /// Bytes of memory and swap together; -1: no limit.
    pub memory_swap: Option<i64>,
}

/// Where a container's output goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerLog {
    /// The log driver: `json-file`, `local`, `journald`, ...
    pub driver: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// The file of the `json-file` driver, in the engine's file system; `None` before the first start.
    pub path: Option<PathBuf>,
}

/// How long a probe may take if the health check does not say it (`defaultProbeTimeout` of the engine's `daemon/health.go`).
const DEFAULT_PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks for a container by identifier or name; `None`: it is gone.
///
/// # Errors
/// If the request fails.
pub async fn inspect(engine: &Engine, container: &str) -> Result<Option<ContainerDetails>, Error> {
    let options = InspectContainerOptionsBuilder::new().build();
    let answer = unless_gone(engine.docker().inspect_container(container, Some(options)).await);
    let answer = answer.map_err(Error::at("inspect the container"))?;
    Ok(answer.map(ContainerDetails::from))
}

/// The bytes of a container's writable layer, which the engine measures now; `None`: it is gone.
///
/// # Errors
/// If the request fails.
pub async fn layer_size(engine: &Engine, container: &str) -> Result<Option<u64>, Error> {
    let options = InspectContainerOptionsBuilder::new().size(true).build();
    let answer = unless_gone(engine.docker().inspect_container(container, Some(options)).await);
    let answer = answer.map_err(Error::at("inspect the container"))?;
    // An empty layer has no size in the answer.
    Ok(answer.map(|inspected| inspected.size_rw.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)))
}

impl From<api::ContainerInspectResponse> for ContainerDetails {
    fn from(inspected: api::ContainerInspectResponse) -> Self {
        let config = inspected.config.unwrap_or_default();
        let host = inspected.host_config.unwrap_or_default();
        let settings = inspected.network_settings.unwrap_or_default();
        let health_check = health_check(&config);
        let mut exposed_ports = config.exposed_ports.unwrap_or_default();
        exposed_ports.sort_unstable();
        ContainerDetails {
            id: inspected.id.unwrap_or_default(),
            name: bare_name(&inspected.name.unwrap_or_default()).to_owned(),
            image: config.image.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            created: inspected.created.as_ref().and_then(timestamp),
            state: state(inspected.state.unwrap_or_default()),
            restarts: inspected.restart_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0),
            restarts_always: host.restart_policy.as_ref().and_then(|policy| policy.name).is_some_and(|name| {
                use api::RestartPolicyNameEnum::{ALWAYS, UNLESS_STOPPED};
                matches!(name, ALWAYS | UNLESS_STOPPED)
            }),
            hostname: config.hostname.unwrap_or_default(),
            terminal: config.tty.unwrap_or(false),
            networks: settings.networks.unwrap_or_default().into_iter().map(attachment).collect(),
            exposed_ports,
            ports: ports(settings.ports.unwrap_or_default()),
            limits: ContainerLimits {
                cpu_quota: host.cpu_quota,
                cpu_period: host.cpu_period,
                nano_cpus: host.nano_cpus,
                cpu_shares: host.cpu_shares,
                memory: host.memory,
                memory_reservation: host.memory_reservation,
                memory_swap: host.memory_swap,
            },
            log: log(host.log_config.unwrap_or_default(), inspected.log_path),
            health_check,
            network_mode: host.network_mode.unwrap_or_default(),
        }
    }
}

fn state(state: api::ContainerState) -> ContainerState {
    use api::ContainerStateStatusEnum as Word;
    let running = state.running.unwrap_or(false);
    ContainerState {
        status: match state.status.unwrap_or(Word::EMPTY) {
            Word::EMPTY | Word::CREATED => ContainerStatus::Created,
            Word::RUNNING | Word::STOPPING => ContainerStatus::Running,
            Word::PAUSED => ContainerStatus::Paused,
            Word::RESTARTING => ContainerStatus::Restarting,
            Word::REMOVING => ContainerStatus::Removing,
            Word::EXITED => ContainerStatus::Exited,
            Word::DEAD => ContainerStatus::Dead,
        },
        running,
        pid: state.pid.filter(|_| running).and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
        exit_code: state.exit_code.unwrap_or(0),
        oom_killed: state.oom_killed.unwrap_or(false),
        error: state.error.unwrap_or_default(),
        started: state.started_at.as_deref().and_then(Timestamp::parse).filter(|time| time.0 > 0),
        health: state.health.and_then(health),
    }
}

/// The engine runs `CMD` as it is, and gives what follows `CMD-SHELL` to the container's shell.
fn health_check(config: &api::ContainerConfig) -> Option<HealthCheck> {
    let check = config.healthcheck.as_ref()?;
    let (kind, words) = check.test.as_deref()?.split_first()?;
    let shell = match kind.as_str() {
        "CMD" => Vec::new(),
        "CMD-SHELL" => config.shell.clone().filter(|shell| !shell.is_empty()).unwrap_or_else(default_shell),
        // `NONE`, or one that the engine does not know either.
        _ => return None,
    };
    let timeout = check.timeout.and_then(|timeout| u64::try_from(timeout).ok()).filter(|timeout| *timeout > 0);
    (!words.is_empty()).then(|| HealthCheck {
        command: [&shell, words].concat(),
        timeout: timeout.map_or(DEFAULT_PROBE_TIMEOUT, Duration::from_nanos),
    })
}

fn default_shell() -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned()]
}

fn health(health: api::Health) -> Option<Health> {
    use api::HealthStatusEnum as Word;
    let status = match health.status? {
        Word::STARTING => HealthStatus::Starting,
        Word::HEALTHY => HealthStatus::Healthy,
        Word::UNHEALTHY => HealthStatus::Unhealthy,
        Word::NONE | Word::EMPTY => return None,
    };
    let last_probe = health
        .log
        .unwrap_or_default()
        .pop()
        .map(|probe| Probe { exit_code: probe.exit_code.unwrap_or(0), output: probe.output.unwrap_or_default() });
    Some(Health { status, last_probe })
}

pub(crate) fn attachment((name, endpoint): (String, api::EndpointSettings)) -> (String, NetworkAttachment) {
    let attachment = NetworkAttachment {
        network_id: endpoint.network_id.unwrap_or_default(),
        ipv4: endpoint.ip_address.unwrap_or_default(),
        ipv6: endpoint.global_ipv6_address.unwrap_or_default(),
    };
    (name, attachment)
}

/// By number; several bindings of one port in the engine's order.
fn ports(map: api::PortMap) -> Vec<ContainerPort> {
    let mut ports = Vec::new();
    for (port, bindings) in map {
        let (number, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
        let Ok(private) = number.parse() else { continue };
        let bindings = bindings.unwrap_or_default();
        if bindings.is_empty() {
            ports.push(ContainerPort { private, public: None, protocol: protocol.to_owned(), ip: String::new() });
        }
        ports.extend(bindings.into_iter().map(|binding| ContainerPort {
            private,
            public: binding.host_port.and_then(|port| port.parse().ok()).filter(|port| *port > 0),
            protocol: protocol.to_owned(),
            ip: binding.host_ip.unwrap_or_default(),
        }));
    }
    ports.sort_by(|a, b| (a.private, &a.protocol).cmp(&(b.private, &b.protocol)));
    ports
}

fn log(config: api::HostConfigLogConfig, path: Option<String>) -> ContainerLog {
    ContainerLog {
        driver: config.typ.unwrap_or_default(),
        options: config.config.unwrap_or_default().into_iter().collect(),
        path: path.filter(|path| !path.is_empty()).map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(json: serde_json::Value) -> ContainerDetails {
        let inspected: api::ContainerInspectResponse = serde_json::from_value(json).unwrap();
        inspected.into()
    }

    #[test]
    fn an_answer_of_the_engine_is_read() {
        let found = container(serde_json::json!({
            "Id": "4f0c", "Name": "/shop-web-1", "Created": "2023-11-14T22:13:20Z", "RestartCount": 2,
            "LogPath": "/var/lib/docker/containers/4f0c/4f0c-json.log",
            "State": { "Status": "running", "Running": true, "Pid": 42, "ExitCode": 0,
                "StartedAt": "2023-11-14T22:13:21.5Z",
                "Health": { "Status": "unhealthy", "FailingStreak": 3,
                    "Log": [{ "ExitCode": 0, "Output": "ok" }, { "ExitCode": 1, "Output": "refused" }] } },
            "Config": { "Image": "nginx:1", "Hostname": "h", "Tty": true, "Labels": { "a": "b" },
                "ExposedPorts": { "80/tcp": {}, "443/tcp": {} } },
            "HostConfig": { "NetworkMode": "shop_default", "RestartPolicy": { "Name": "unless-stopped" },
                "NanoCpus": 500_000_000, "Memory": 1024,
                "LogConfig": { "Type": "json-file", "Config": { "max-size": "1m" } } },
            "NetworkSettings": {
                "Ports": { "443/tcp": null, "80/tcp": [
                    { "HostIp": "0.0.0.0", "HostPort": "8080" }, { "HostIp": "::", "HostPort": "8080" } ] },
                "Networks": { "shop_default": { "NetworkID": "n1", "IPAddress": "172.18.0.2",
                    "GlobalIPv6Address": "" } } },
        }));
        assert_eq!((found.id.as_str(), found.name.as_str(), found.restarts), ("4f0c", "shop-web-1", 2));
        assert_eq!(found.created, Some(Timestamp(1_700_000_000_000_000_000)));
        assert_eq!((found.state.status, found.state.pid), (ContainerStatus::Running, Some(42)));
        assert_eq!(found.state.started, Some(Timestamp(1_700_000_001_500_000_000)));
        let last_probe = Some(Probe { exit_code: 1, output: "refused".into() });
        assert_eq!(found.state.health, Some(Health { status: HealthStatus::Unhealthy, last_probe }));
        assert!(found.restarts_always && found.terminal);
        assert_eq!(found.exposed_ports, ["443/tcp", "80/tcp"]);
        let ports: Vec<_> = found.ports.iter().map(|port| (port.private, port.public, port.ip.as_str())).collect();
        assert_eq!(ports, [(80, Some(8080), "0.0.0.0"), (80, Some(8080), "::"), (443, None, "")]);
        assert_eq!(found.networks["shop_default"].ipv4, "172.18.0.2");
        assert_eq!((found.log.driver.as_str(), found.log.options["max-size"].as_str()), ("json-file", "1m"));
        assert!(found.log.path.is_some());
    }

    #[test]
    fn a_health_check_is_run_as_the_engine_runs_it() {
        let check = |config: serde_json::Value| container(serde_json::json!({ "Config": config })).health_check;
        let words = |words: &[&str], seconds| {
            let command = words.iter().map(|word| (*word).to_owned()).collect();
            Some(HealthCheck { command, timeout: Duration::from_secs(seconds) })
        };
        let test = |test: &[&str]| serde_json::json!({ "Healthcheck": { "Test": test } });
        assert_eq!(check(test(&["CMD", "probe", "-q"])), words(&["probe", "-q"], 30));
        assert_eq!(check(test(&["CMD-SHELL", "a | b"])), words(&["/bin/sh", "-c", "a | b"], 30));
        let own_shell = serde_json::json!({
            "Shell": ["/bin/bash", "-ec"], "Healthcheck": { "Test": ["CMD-SHELL", "a"], "Timeout": 2_000_000_000_i64 },
        });
        assert_eq!(check(own_shell), words(&["/bin/bash", "-ec", "a"], 2));
        for none in [&["NONE"][..], &["CMD"], &["PING", "a"], &[]] {
            assert_eq!(check(test(none)), None, "{none:?}");
        }
        assert_eq!(check(serde_json::json!({})), None);
    }

    #[test]
    fn one_that_was_never_started_has_no_start_no_log_and_no_process() {
        let found = container(serde_json::json!({
            "Id": "4f0c", "LogPath": "",
            "State": { "Status": "created", "Running": false, "Pid": 0, "StartedAt": "0001-01-01T00:00:00Z" },
        }));
        assert_eq!(found.state, ContainerState::default());
        assert_eq!(found.log.path, None);
    }

    #[test]
    fn the_process_of_a_container_that_ended_is_not_its_own_any_more() {
        let found = container(serde_json::json!({ "State": { "Status": "exited", "Running": false, "Pid": 42 } }));
        assert_eq!(found.state.pid, None);
    }
}
