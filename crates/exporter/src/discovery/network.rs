//! By which address a container is reached.

use super::{BadLabel, PROJECT};
use crate::containers::container::Container;

/// The container that this process runs in, if it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    /// Its networks, whose addresses are preferred: who asks us for targets is in one of them, too.
    pub(crate) networks: Vec<String>,
    /// Its Compose project, whose services go by their names alone.
    pub(crate) project: Option<String>,
}

impl Own {
    /// Of the containers the one with this machine's name.
    pub(crate) fn among<'a>(containers: impl IntoIterator<Item = &'a Container>, machine: &str) -> Self {
        let own = containers.into_iter().find(|container| container.pid.is_some() && container.hostname == machine);
        own.map(|own| Own {
            networks: own.networks.keys().cloned().collect(),
            project: own.label(PROJECT).map(str::to_owned),
        })
        .unwrap_or_default()
    }
}

/// The address of a container: in the network that its label names, else in one of those `near`, else in the first.
/// One that does not run has lost its address, which may be another's by now: it is called by its name.
pub(super) fn host(container: &Container, near: &[String]) -> Result<String, BadLabel> {
    if container.pid.is_none() {
        return Ok(container.name.clone());
    }
    let address = match container.label("wharf.metrics.network") {
        Some(network) => {
            let of_project = container.label(PROJECT).map(|project| format!("{project}_{network}"));
            let found = of_project.and_then(|name| container.networks.get(&name));
            let found = container.networks.get(network).or(found);
            return found.cloned().ok_or_else(|| BadLabel::NoAddress { network: Some(network.to_owned()) });
        }
        None => near.iter().find_map(|network| container.networks.get(network)),
    };
    address.or_else(|| container.networks.values().next()).cloned().ok_or(BadLabel::NoAddress { network: None })
}
