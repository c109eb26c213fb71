//! Ports that a container exposes and publishes.

use bollard::models as api;
use wharf_compose::model::{ExposedPorts, Port, Service};

/// The exposed ports, and the bindings of the published ones.
pub(super) fn ports(service: &Service) -> (Vec<String>, api::PortMap) {
    let mut exposed: Vec<String> = service.expose.iter().flat_map(expand).collect();
    let mut bindings = api::PortMap::new();
    for port in &service.ports {
        let Port {
            target,
            protocol,
            host_ip,
            published,
            // What they say concerns a cluster or a reader, not one engine.
            name: _,
            mode: _,
            app_protocol: _,
        } = port;
        let key = format!("{target}/{protocol}");
        if !exposed.contains(&key) {
            exposed.push(key.clone());
        }
        let host_port = Some(published.map(|ports| ports.to_string()).unwrap_or_default());
        let binding = api::PortBinding { host_ip: host_ip.clone(), host_port };
        bindings.entry(key).or_default().get_or_insert_default().push(binding);
    }
    (exposed, bindings)
}

/// An entry of `expose` as the engine's keys: `80` is `80/tcp`, `8000-8002/udp` are three.
fn expand(ExposedPorts { ports, protocol }: &ExposedPorts) -> impl Iterator<Item = String> {
    let protocol = protocol.clone().unwrap_or_default();
    ports.ports().map(move |port| format!("{port}/{protocol}"))
}
