//! A container's labels before relabelling, as Prometheus' `docker_sd_configs` has them, and the defaults after it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bollard::models::{ContainerSummary, EndpointSettings, Network, PortSummary, PortSummaryTypeEnum};
use wharf_docker::labels;
use wharf_docker::names::bare_name;
use wharf_loki::Labels;

use crate::read::Stream;

/// The label with the name of the stream, as Promtail has it.
pub const STREAM: &str = "__meta_docker_container_log_stream";

/// What a `docker_sd_configs` entry says of addresses.
#[derive(Debug, Clone)]
pub struct Addressing {
    /// The port of containers that expose none.
    pub port: u16,
    /// The address of containers in the host's network.
    pub host_networking_host: String,
}

impl Default for Addressing {
    fn default() -> Self {
        Self { port: 80, host_networking_host: "localhost".to_owned() }
    }
}

/// The labels of a container. It is one target for its log, whatever networks and ports it has: the first of each, by
/// name and by number, are told. `others` are the containers whose networks it may share; `networks` are by id.
pub fn labels(
    container: &ContainerSummary,
    others: &HashMap<String, ContainerSummary>,
    networks: &HashMap<String, Network>,
    addressing: &Addressing,
) -> Labels {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: String| labels.insert(name.to_owned(), value);
    let mode = container.host_config.as_ref().and_then(|host| host.network_mode.clone()).unwrap_or_default();
    set("__meta_docker_container_id", container.id.clone().unwrap_or_default());
    let name = container.names.as_ref().and_then(|names| names.first()).cloned().unwrap_or_default();
    set("__meta_docker_container_name", name);
    set("__meta_docker_container_network_mode", mode.clone());
    for (name, value) in container.labels.iter().flatten() {
        set(&label_of(name), value.clone());
    }
    let endpoint = first_network(container, others);
    let address = endpoint.as_ref().and_then(|endpoint| endpoint.ip_address.clone()).unwrap_or_default();
    if let Some(endpoint) = &endpoint {
        set("__meta_docker_network_ip", address.clone());
        if let Some(network) = endpoint.network_id.as_ref().and_then(|id| networks.get(id)) {
            network_labels(network, &mut set);
        }
    }
    match first_port(container) {
        Some(port) => {
            set("__meta_docker_port_private", port.private_port.to_string());
            if let Some(public) = port.public_port.filter(|public| *public > 0) {
                set("__meta_docker_port_public", public.to_string());
                set("__meta_docker_port_public_ip", port.ip.clone().unwrap_or_default());
            }
            set("__address__", joined(&address, port.private_port));
        }
        None if mode == "host" => {
            set("__address__", addressing.host_networking_host.clone());
        }
        None => {
            set("__address__", joined(&address, addressing.port));
        }
    }
    Labels::unchecked(labels.into_iter().map(|(name, value)| (Arc::from(name), Arc::from(value))).collect())
}

fn network_labels(network: &Network, set: &mut impl FnMut(&str, String) -> Option<String>) {
    set("__meta_docker_network_id", network.id.clone().unwrap_or_default());
    set("__meta_docker_network_name", network.name.clone().unwrap_or_default());
    set("__meta_docker_network_scope", network.scope.clone().unwrap_or_default());
    set("__meta_docker_network_internal", network.internal.unwrap_or_default().to_string());
    set("__meta_docker_network_ingress", network.ingress.unwrap_or_default().to_string());
    for (name, value) in network.labels.iter().flatten() {
        set(&format!("__meta_docker_network_label_{}", sanitized(name)), value.clone());
    }
}

/// The network whose name comes first; of a container that shares another one's, that one's.
fn first_network(container: &ContainerSummary, others: &HashMap<String, ContainerSummary>) -> Option<EndpointSettings> {
    let mut container = container;
    // A chain of containers that share is short; a ring of them cannot be started.
    for _ in 0..16 {
        let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
        let first = networks.into_iter().flatten().min_by(|(one, _), (other, _)| one.cmp(other));
        if let Some((_, endpoint)) = first {
            return Some(endpoint.clone());
        }
        let mode = container.host_config.as_ref()?.network_mode.as_ref()?;
        container = others.get(mode.strip_prefix("container:")?)?;
    }
    None
}

fn first_port(container: &ContainerSummary) -> Option<&PortSummary> {
    let ports = container.ports.iter().flatten();
    ports
        .filter(|port| port.typ == Some(PortSummaryTypeEnum::TCP))
        .min_by_key(|port| (port.private_port, port.public_port))
}

/// Go's `net.JoinHostPort`.
fn joined(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// The label that a container's own label becomes.
fn label_of(name: &str) -> String {
    format!("__meta_docker_container_label_{}", sanitized(name))
}

/// Prometheus' `SanitizeLabelName`: each character that no label name has becomes `_`.
fn sanitized(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// The labels of a stream where nothing is configured. `service_name` is the Compose service, else the container's name.
pub(super) fn defaults(discovered: &Labels, stream: Stream) -> Labels {
    let name = bare_name(discovered.get("__meta_docker_container_name").unwrap_or_default());
    let project = discovered.get(&label_of(labels::PROJECT));
    let service = discovered.get(&label_of(labels::SERVICE));
    let mut labels = Labels::empty().with("container", name).with("stream", stream.name());
    labels = labels.with("service_name", service.unwrap_or(name));
    if let Some(project) = project {
        labels = labels.with("compose_project", project);
    }
    match service {
        Some(service) => labels.with("compose_service", service),
        None => labels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(json: serde_json::Value) -> ContainerSummary {
        serde_json::from_value(json).unwrap()
    }

    fn networks() -> HashMap<String, Network> {
        let network = serde_json::json!({"Id": "n1", "Name": "app_default", "Scope": "local", "Internal": false,
                                         "Ingress": false, "Labels": {"com.example/x": "y"}});
        HashMap::from([("n1".to_owned(), serde_json::from_value(network).unwrap())])
    }

    #[test]
    fn labels_are_those_of_prometheus() {
        let container = container(serde_json::json!({
            "Id": "abc", "Names": ["/app-web-1"], "HostConfig": {"NetworkMode": "app_default"},
            "Labels": {"com.docker.compose.project": "app", "com.docker.compose.service": "web"},
            "Ports": [{"PrivatePort": 9000, "Type": "udp"}, {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
            "NetworkSettings": {"Networks": {"app_default": {"NetworkID": "n1", "IPAddress": "172.18.0.2"}}}
        }));
        let labels = labels(&container, &HashMap::new(), &networks(), &Addressing::default());
        let text: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = [
            "__address__=172.18.0.2:80",
            "__meta_docker_container_id=abc",
            "__meta_docker_container_label_com_docker_compose_project=app",
            "__meta_docker_container_label_com_docker_compose_service=web",
            "__meta_docker_container_name=/app-web-1",
            "__meta_docker_container_network_mode=app_default",
            "__meta_docker_network_id=n1",
            "__meta_docker_network_ingress=false",
            "__meta_docker_network_internal=false",
            "__meta_docker_network_ip=172.18.0.2",
            "__meta_docker_network_label_com_example_x=y",
            "__meta_docker_network_name=app_default",
            "__meta_docker_network_scope=local",
            "__meta_docker_port_private=80",
            "__meta_docker_port_public=8080",
            "__meta_docker_port_public_ip=0.0.0.0",
        ];
        assert_eq!(text, expected);
        let defaults = defaults(&labels, Stream::Stderr).to_string();
        assert_eq!(
            defaults,
            r#"{compose_project="app", compose_service="web", container="app-web-1", service_name="web", stream="stderr"}"#
        );
    }

    #[test]
    fn a_container_without_ports_has_the_default_one_and_shares_networks() {
        let other = container(serde_json::json!({"Id": "b", "Names": ["/b"], "HostConfig": {"NetworkMode": "x"},
            "NetworkSettings": {"Networks": {"x": {"NetworkID": "n1", "IPAddress": "fd00::2"}}}}));
        let shares =
            container(serde_json::json!({"Id": "a", "Names": ["/a"], "HostConfig": {"NetworkMode": "container:b"}}));
        let others = HashMap::from([("b".to_owned(), other)]);
        let all = labels(&shares, &others, &networks(), &Addressing::default());
        assert_eq!(all.get("__address__"), Some("[fd00::2]:80"));
        let host = container(serde_json::json!({"Id": "a", "Names": ["/a"], "HostConfig": {"NetworkMode": "host"}}));
        let all = labels(&host, &others, &networks(), &Addressing::default());
        assert_eq!(all.get("__address__"), Some("localhost"));
    }
}
