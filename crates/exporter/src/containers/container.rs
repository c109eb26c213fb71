//! A container as the engine describes it, reduced to what metrics and targets need.

use std::collections::BTreeMap;

use wharf_docker::Timestamp;
use wharf_docker::container::{ContainerDetails, ContainerLimits, ContainerStatus, HealthStatus, NetworkAttachment};

use crate::resource_usage::Limits;

/// A container that has been started at least once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Container {
    /// The container's id, 64 hexadecimal digits.
    pub(crate) id: String,
    /// The name, without the leading slash.
    pub(crate) name: String,
    /// The image's name, as it was given at the start.
    pub(crate) image: String,
    /// All its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// The id of the first process in the engine's process namespace. `None` if the container does not run.
    pub(crate) pid: Option<u32>,
    /// Whether the container should run but does not: it is between two restarts, or ended although it has to stay up.
    pub(crate) missed: bool,
    /// Seconds since 1970.
    pub(crate) created: f64,
    /// Seconds since 1970.
    pub(crate) started: Option<f64>,
    /// How often the engine has restarted it.
    pub(crate) restarts: u64,
    /// `None` without a health check.
    pub(crate) healthy: Option<bool>,
    /// How often the engine reported that it ran out of memory, since this program follows events.
    pub(crate) oom_events: u64,
    /// Names and addresses of its networks, sorted by name. The address is empty if the container does not run.
    pub(crate) networks: BTreeMap<String, String>,
    /// Ports that the image or the container declares.
    pub(crate) tcp_ports: Vec<u16>,
    /// Its host name.
    pub(crate) hostname: String,
    /// Its network as it was asked for: the name of a network, `host`, or `container:` and another container's id.
    pub(crate) network_mode: String,
    /// Whether it has its own network interfaces.
    pub(crate) own_network: bool,
    /// The limits that it was created with.
    pub(crate) limits: Limits,
}

impl Container {
    /// Converts the engine's description. `None` if it was never started.
    pub(crate) fn new(details: ContainerDetails) -> Option<Self> {
        let state = details.state;
        let started = state.started?.as_seconds();
        let ended_well = state.status == ContainerStatus::Exited && state.exit_code == 0;
        let mode = details.network_mode;
        Some(Container {
            id: details.id,
            name: details.name,
            image: details.image,
            pid: state.pid,
            missed: !state.running && (details.restarts_always || !ended_well),
            created: details.created.map(Timestamp::as_seconds).unwrap_or_default(),
            started: Some(started),
            restarts: details.restarts,
            healthy: state.health.map(|health| health.status == HealthStatus::Healthy),
            oom_events: 0,
            networks: details.networks.into_iter().map(|(name, attachment)| (name, address(attachment))).collect(),
            tcp_ports: tcp_ports(&details.exposed_ports),
            hostname: details.hostname,
            own_network: mode != "host" && !mode.starts_with("container:"),
            limits: limits(&details.limits),
            network_mode: mode,
            labels: details.labels.into_iter().collect(),
        })
    }

    /// A label's value.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

/// The limits as files would show them: 0 means no limit on memory.
fn limits(asked: &ContainerLimits) -> Limits {
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let set = |value: Option<i64>| number(value).filter(|value| *value > 0);
    let period = set(asked.cpu_period).unwrap_or(100_000);
    let nano_cpus = set(asked.nano_cpus).map(|nano_cpus| nano_cpus.saturating_mul(period) / 1_000_000_000);
    Limits {
        cpu_quota: set(asked.cpu_quota).or(nano_cpus),
        cpu_period: Some(period),
        cpu_shares: Some(set(asked.cpu_shares).unwrap_or(1024)),
        memory: Some(number(asked.memory).unwrap_or(0)),
        memory_reservation: Some(number(asked.memory_reservation).unwrap_or(0)),
        memory_swap: Some(number(asked.memory_swap).unwrap_or(0)),
    }
}

/// The IPv4 address if there is one: every network has IPv4 unless it is turned off.
fn address(attachment: NetworkAttachment) -> String {
    match attachment {
        NetworkAttachment { ipv4, .. } if !ipv4.is_empty() => ipv4,
        NetworkAttachment { ipv6, .. } if !ipv6.is_empty() => format!("[{ipv6}]"),
        _ => String::new(),
    }
}

/// The numbers of ports such as `6379/tcp`, in order.
fn tcp_ports(exposed: &[String]) -> Vec<u16> {
    let mut ports: Vec<u16> = exposed.iter().filter_map(|port| port.strip_suffix("/tcp")?.parse().ok()).collect();
    ports.sort_unstable();
    ports
}
