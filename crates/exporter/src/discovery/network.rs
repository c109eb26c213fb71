//! The address by which a container is reached.

use wharf_docker::labels::PROJECT;

use super::BadLabel;
use crate::containers::container::Container;

/// The container that this process runs in, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnContainer {
    /// Its networks. Addresses in them are preferred: the Prometheus that asks for targets is in one of them, too.
    pub(crate) networks: Vec<String>,
    /// Its Compose project. Services of the same project are called by their name alone.
    pub(crate) project: Option<String>,
}

impl OwnContainer {
    /// The container whose host name is this machine's.
    pub(crate) fn among<'a>(containers: impl IntoIterator<Item = &'a Container>, machine: &str) -> Self {
        let own = containers.into_iter().find(|container| container.pid.is_some() && container.hostname == machine);
        own.map(|own| OwnContainer {
            // From the host's network all others can be reached.
            networks: own.networks.keys().filter(|_| own.own_network).cloned().collect(),
            project: own.label(PROJECT).map(str::to_owned),
        })
        .unwrap_or_default()
    }

    /// Whether this container can reach the other one: networks of the engine are isolated from each other. A container
    /// whose label names a network is a target in any case.
    pub(super) fn reaches(&self, place: &Place<'_>) -> bool {
        self.networks.is_empty()
            || place.container.label("wharf.metrics.network").is_some()
            || self.networks.iter().any(|network| place.network_of.networks.contains_key(network))
    }
}

/// A container, and the one whose network it is in: itself, or another one (`network_mode: service:` and `container:`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) container: &'a Container,
    network_of: &'a Container,
}

/// Finds the container whose network this one is in. If it is unknown, there is no address.
pub(super) fn place<'a>(container: &'a Container, all: &[&'a Container]) -> Place<'a> {
    let mut network_of = container;
    // The engine lets one container use the network of another that uses that of a third.
    for _ in 0..4 {
        let Some(other) = network_of.network_mode.strip_prefix("container:") else { break };
        let Some(found) = all.iter().find(|known| known.id == other || known.name == other) else { break };
        network_of = found;
    }
    Place { container, network_of }
}

impl Place<'_> {
    /// The address: in the network that the container's label names, else in one of those `near`, else in the first one. In the
    /// host's network it is `localhost`, as in Prometheus' own discovery. A stopped container has lost its address, and another
    /// one may have it now, so its name is returned.
    pub(super) fn host(&self, near: &[String]) -> Result<String, BadLabel> {
        let Place { container, network_of } = self;
        if container.pid.is_none() {
            return Ok(container.name.clone());
        }
        if network_of.network_mode == "host" {
            return Ok("localhost".to_owned());
        }
        let with_address = |network: &str| network_of.networks.get(network).filter(|address| !address.is_empty());
        let address = match container.label("wharf.metrics.network") {
            Some(network) => {
                let of_project = container.label(PROJECT).map(|project| format!("{project}_{network}"));
                let found = of_project.and_then(|name| with_address(&name));
                let found = with_address(network).or(found);
                return found.cloned().ok_or_else(|| BadLabel::NoAddress { network: Some(network.to_owned()) });
            }
            None => near.iter().find_map(|network| with_address(network)),
        };
        address
            .or_else(|| network_of.networks.values().find(|address| !address.is_empty()))
            .cloned()
            .ok_or(BadLabel::NoAddress { network: None })
    }
}
