//! A container's labels before relabelling, as Prometheus' `docker_sd_configs` has them, and the defaults after it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use wharf_docker::NetworkDetails;
use wharf_docker::container::{ContainerDetails, ContainerPort, NetworkAttachment};
use wharf_docker::labels;
use wharf_docker::names::bare_name;
use wharf_loki::Labels;

use crate::lines::Stream;

/// Promtail's label with the name of the stream.
pub const STREAM: &str = "__meta_docker_container_log_stream";

/// The label with the container's name, with the engine's leading slash.
pub(super) const NAME: &str = "__meta_docker_container_name";

/// A `docker_sd_configs` entry's settings for addresses.
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

/// The labels of a container. It is one target for its log, whatever networks and ports it has. The labels describe the
/// first network by name and the first port by number. `others` are the containers whose networks it may share, and
/// `networks` are by id.
pub fn labels(
    container: &ContainerDetails,
    others: &HashMap<String, ContainerDetails>,
    networks: &HashMap<String, NetworkDetails>,
    addressing: &Addressing,
) -> Labels {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: String| labels.insert(name.to_owned(), value);
    set("__meta_docker_container_id", container.id.clone());
    set(NAME, format!("/{}", container.name));
    set("__meta_docker_container_network_mode", container.network_mode.clone());
    for (name, value) in &container.labels {
        set(&label_of(name), value.clone());
    }
    let network = first_network(container, others);
    let address = network.map(|network| network.ipv4.clone()).unwrap_or_default();
    if let Some(network) = network {
        set("__meta_docker_network_ip", address.clone());
        if let Some(network) = networks.get(&network.network_id) {
            network_labels(network, &mut set);
        }
    }
    match first_port(container) {
        Some(port) => {
            set("__meta_docker_port_private", port.private.to_string());
            if let Some(public) = port.public {
                set("__meta_docker_port_public", public.to_string());
                set("__meta_docker_port_public_ip", port.ip.clone());
            }
            set("__address__", joined(&address, port.private));
        }
        None if container.network_mode == "host" => {
            set("__address__", addressing.host_networking_host.clone());
        }
        None => {
            set("__address__", joined(&address, addressing.port));
        }
    }
    Labels::unchecked(labels.into_iter().map(|(name, value)| (Arc::from(name), Arc::from(value))).collect())
}

fn network_labels(network: &NetworkDetails, set: &mut impl FnMut(&str, String) -> Option<String>) {
    set("__meta_docker_network_id", network.id.clone());
    set("__meta_docker_network_name", network.name.clone());
    set("__meta_docker_network_scope", network.scope.clone());
    set("__meta_docker_network_internal", network.internal.to_string());
    set("__meta_docker_network_ingress", network.ingress.to_string());
    for (name, value) in &network.labels {
        set(&format!("__meta_docker_network_label_{}", sanitized(name)), value.clone());
    }
}

/// The network whose name comes first. A container that shares another's network has that one's.
fn first_network<'a>(
    container: &'a ContainerDetails,
    others: &'a HashMap<String, ContainerDetails>,
) -> Option<&'a NetworkAttachment> {
    let mut container = container;
    // A chain of containers that share a network is short, and a cycle of them cannot be started.
    for _ in 0..16 {
        if let Some(first) = container.networks.values().next() {
            return Some(first);
        }
        container = others.get(container.network_mode.strip_prefix("container:")?)?;
    }
    None
}

fn first_port(container: &ContainerDetails) -> Option<&ContainerPort> {
    let tcp = container.ports.iter().filter(|port| port.protocol == "tcp");
    tcp.min_by_key(|port| (port.private, port.public))
}

/// Go's `net.JoinHostPort`.
fn joined(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// The name of the label that holds a container's own label.
fn label_of(name: &str) -> String {
    format!("__meta_docker_container_label_{}", sanitized(name))
}

/// Prometheus' `SanitizeLabelName`: replaces each character that is invalid in a label name by `_`.
fn sanitized(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// The labels of a stream without configuration. `service_name` is the Compose service, else the container's name.
pub(super) fn defaults(discovered: &Labels, stream: Stream) -> Labels {
    let name = bare_name(discovered.get(NAME).unwrap_or_default());
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

    fn container(name: &str, network_mode: &str) -> ContainerDetails {
        ContainerDetails { name: name.to_owned(), network_mode: network_mode.to_owned(), ..Default::default() }
    }

    fn attached(ipv4: &str) -> BTreeMap<String, NetworkAttachment> {
        let attachment = NetworkAttachment { network_id: "n1".to_owned(), ipv4: ipv4.to_owned(), ipv6: String::new() };
        BTreeMap::from([("app_default".to_owned(), attachment)])
    }

    fn networks() -> HashMap<String, NetworkDetails> {
        let network = NetworkDetails {
            id: "n1".to_owned(),
            name: "app_default".to_owned(),
            scope: "local".to_owned(),
            labels: BTreeMap::from([("com.example/x".to_owned(), "y".to_owned())]),
            ..Default::default()
        };
        HashMap::from([("n1".to_owned(), network)])
    }

    #[test]
    fn labels_are_those_of_prometheus() {
        let port = |private, public, protocol: &str, ip: &str| ContainerPort {
            private,
            public,
            protocol: protocol.to_owned(),
            ip: ip.to_owned(),
        };
        let labelled = [(labels::PROJECT, "app"), (labels::SERVICE, "web")];
        let container = ContainerDetails {
            id: "abc".to_owned(),
            labels: labelled.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ports: vec![port(9000, None, "udp", ""), port(80, Some(8080), "tcp", "0.0.0.0")],
            networks: attached("172.18.0.2"),
            ..container("app-web-1", "app_default")
        };
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
        let other = ContainerDetails { networks: attached("fd00::2"), ..container("b", "x") };
        let shares = container("a", "container:b");
        let others = HashMap::from([("b".to_owned(), other)]);
        let all = labels(&shares, &others, &networks(), &Addressing::default());
        assert_eq!(all.get("__address__"), Some("[fd00::2]:80"));
        let all = labels(&container("a", "host"), &others, &networks(), &Addressing::default());
        assert_eq!(all.get("__address__"), Some("localhost"));
    }
}
