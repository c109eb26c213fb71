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
            // In the host's network every address is reached.
            networks: if own.own_network { own.networks.keys().cloned().collect() } else { Vec::new() },
            project: own.label(PROJECT).map(str::to_owned),
        })
        .unwrap_or_default()
    }
}

/// The address of a container: in the network that its label names, else in one of those `near`, else in the first.
/// One that does not run has lost its address, which may be another's by now: it is called by its name. None for one
/// that is in no network `near`, and so out of reach.
pub(super) fn host(container: &Container, near: &[String]) -> Result<Option<String>, BadLabel> {
    let named = match container.label("wharf.metrics.network") {
        Some(label) => {
            let of_project = container.label(PROJECT).map(|project| format!("{project}_{label}"));
            let found = [Some(label.to_owned()), of_project]
                .into_iter()
                .flatten()
                .find(|name| container.networks.contains_key(name));
            Some(found.ok_or_else(|| BadLabel::NoAddress { network: Some(label.to_owned()) })?)
        }
        None => near.iter().find(|network| container.networks.contains_key(*network)).cloned(),
    };
    if named.is_none() && !near.is_empty() {
        return Ok(None);
    }
    if container.pid.is_none() {
        return Ok(Some(container.name.clone()));
    }
    let addresses = || container.networks.values().filter(|address| !address.is_empty());
    let address = match &named {
        Some(name) => container.networks.get(name).filter(|address| !address.is_empty()),
        None => addresses().next(),
    };
    address.cloned().map(Some).ok_or(BadLabel::NoAddress { network: named })
}
