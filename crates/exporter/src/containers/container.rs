//! A container as the engine describes it, without what no metric and no target needs.

use std::collections::BTreeMap;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, HealthStatusEnum};
use wharf_docker::events::parse_time;
use wharf_docker::names::bare_name;

use crate::resource_usage::Limits;

/// A container that has been started at least once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Container {
    /// 64 hexadecimal digits.
    pub(crate) id: String,
    /// Without the slash in front.
    pub(crate) name: String,
    /// The image, by the name that it was started with.
    pub(crate) image: String,
    /// The labels that someone asks for.
    pub(crate) labels: BTreeMap<String, String>,
    /// The first process, as the engine's process namespace numbers it; none when nothing runs.
    pub(crate) pid: Option<u32>,
    /// Whether it shall run although it does not: between two restarts, or ended although it has to stay.
    pub(crate) missed: bool,
    /// Seconds since 1970.
    pub(crate) created: f64,
    /// Seconds since 1970.
    pub(crate) started: Option<f64>,
    /// How often the engine has restarted it.
    pub(crate) restarts: u64,
    /// None without a health check.
    pub(crate) healthy: Option<bool>,
    /// How often the engine told that it ran out of memory, since we listen.
    pub(crate) oom_events: u64,
    /// Name and address, in the order of the names. One that does not run has no address in them: an empty one.
    pub(crate) networks: BTreeMap<String, String>,
    /// Ports that the image or the container declares.
    pub(crate) tcp_ports: Vec<u16>,
    /// Its machine's name.
    pub(crate) hostname: String,
    /// Whether it has network interfaces that are its own.
    pub(crate) own_network: bool,
    /// What it may use, as it was asked for.
    pub(crate) limits: Limits,
}

impl Container {
    /// What `inspected` tells; of the labels those that `keep` names. None for one that was never started.
    pub(crate) fn new(inspected: ContainerInspectResponse, keep: impl Fn(&str) -> bool) -> Option<Self> {
        let state = inspected.state.unwrap_or_default();
        let config = inspected.config.unwrap_or_default();
        let host = inspected.host_config.unwrap_or_default();
        let seconds = |moment: wharf_docker::events::Moment| moment.0 as f64 / 1e9;
        // One that never ran has the year 1.
        let started = state.started_at.as_deref().and_then(parse_time).map(seconds).filter(|time| *time > 0.0)?;
        let labels: BTreeMap<String, String> =
            config.labels.unwrap_or_default().into_iter().filter(|(name, _)| keep(name)).collect();
        let running = state.running == Some(true);
        let limits = limits(&host);
        let restarts_always = host.restart_policy.and_then(|policy| policy.name).is_some_and(|name| {
            use bollard::models::RestartPolicyNameEnum::{ALWAYS, UNLESS_STOPPED};
            matches!(name, ALWAYS | UNLESS_STOPPED)
        });
        let ended_well = state.status == Some(ContainerStateStatusEnum::EXITED) && state.exit_code == Some(0);
        let mode = host.network_mode.unwrap_or_default();
        let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let mut tcp_ports: Vec<u16> =
            config.exposed_ports.unwrap_or_default().iter().filter_map(|port| tcp_port(port)).collect();
        tcp_ports.sort_unstable();
        Some(Container {
            id: inspected.id?,
            name: bare_name(&inspected.name.unwrap_or_default()).to_owned(),
            image: config.image.unwrap_or_default(),
            pid: state.pid.filter(|_| running).and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
            missed: !running && (restarts_always || !ended_well),
            created: inspected.created.as_ref().and_then(created).unwrap_or_default(),
            started: Some(started),
            restarts: inspected.restart_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0),
            healthy: state.health.and_then(|health| match health.status? {
                HealthStatusEnum::HEALTHY => Some(true),
                HealthStatusEnum::STARTING | HealthStatusEnum::UNHEALTHY => Some(false),
                HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => None,
            }),
            oom_events: 0,
            networks: networks.into_iter().map(|(name, endpoint)| (name, address(endpoint))).collect(),
            tcp_ports,
            hostname: config.hostname.unwrap_or_default(),
            own_network: mode != "host" && !mode.starts_with("container:"),
            limits,
            labels,
        })
    }

    /// A label's value.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

/// As files would tell it: without a limit on memory 0.
fn limits(host: &bollard::models::HostConfig) -> Limits {
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let set = |value: Option<i64>| number(value).filter(|value| *value > 0);
    let period = set(host.cpu_period).unwrap_or(100_000);
    let nano_cpus = set(host.nano_cpus).map(|nano_cpus| nano_cpus.saturating_mul(period) / 1_000_000_000);
    Limits {
        cpu_quota: set(host.cpu_quota).or(nano_cpus),
        cpu_period: Some(period),
        cpu_shares: Some(set(host.cpu_shares).unwrap_or(1024)),
        memory: Some(number(host.memory).unwrap_or(0)),
        memory_reservation: Some(number(host.memory_reservation).unwrap_or(0)),
        memory_swap: Some(number(host.memory_swap).unwrap_or(0)),
    }
}

fn created(date: &bollard::models::BollardDate) -> Option<f64> {
    Some(date.unix_timestamp_nanos() as f64 / 1e9)
}

/// IPv4 first: every network has it, unless it is turned off.
fn address(endpoint: bollard::models::EndpointSettings) -> String {
    let six = endpoint.global_ipv6_address.filter(|address| !address.is_empty()).map(|address| format!("[{address}]"));
    endpoint.ip_address.filter(|address| !address.is_empty()).or(six).unwrap_or_default()
}

/// `6379/tcp`.
fn tcp_port(port: &str) -> Option<u16> {
    port.strip_suffix("/tcp")?.parse().ok()
}
