//! Networks. As before API 1.44, several may have the same name.

use serde_json::Value;

use super::daemon::Daemon;
use super::model::{Attachment, Network, map, strings};
use super::refusal::{Refusal, Result};

/// Networks that every engine has.
const PREDEFINED: [&str; 3] = ["bridge", "host", "none"];

impl Daemon {
    pub(super) fn add_predefined_networks(&mut self) {
        for name in PREDEFINED {
            let id = self.new_id();
            let driver = if name == "none" { "null" } else { name };
            let (driver, created) = (driver.to_owned(), self.events.now());
            let labels = std::collections::BTreeMap::new();
            self.networks.push(Network { id, name: name.to_owned(), driver, labels, created, body: Value::Null });
        }
    }

    /// The network with this identifier or name.
    ///
    /// # Errors
    /// There is none, or several have the name.
    pub(super) fn network(&self, reference: &str) -> Result<&Network> {
        if let Some(network) = self.networks.iter().find(|network| network.id == reference) {
            return Ok(network);
        }
        let named: Vec<&Network> = self.networks.iter().filter(|network| network.name == reference).collect();
        match named.as_slice() {
            [] => Err(Refusal::no_network(reference)),
            [network] => Ok(network),
            several => {
                let message = format!("network {reference} is ambiguous ({} matches found on name)", several.len());
                Err(Refusal::new(400, message))
            }
        }
    }

    pub(super) fn create_network(&mut self, body: Value) -> Result<String> {
        let name = body["Name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Refusal::new(500, "invalid name: "));
        }
        let exists = self.networks.iter().any(|network| network.name == name);
        if PREDEFINED.contains(&name.as_str()) || (exists && body["CheckDuplicate"] == true) {
            return Err(Refusal::new(409, format!("network with name {name} already exists")));
        }
        let id = self.new_id();
        let network = Network {
            id: id.clone(),
            name,
            driver: body["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("bridge").to_owned(),
            labels: map(&body["Labels"]),
            created: self.events.now(),
            body,
        };
        self.events.network(&network, "create", None);
        self.networks.push(network);
        Ok(id)
    }

    pub(super) fn remove_network(&mut self, reference: &str) -> Result<()> {
        let network = self.network(reference).map_err(|refusal| Refusal {
            message: refusal.message.replace("found on name", "found based on name"),
            ..refusal
        })?;
        let (id, name) = (network.id.clone(), network.name.clone());
        if network.is_predefined() {
            return Err(Refusal::new(403, format!("{name} is a pre-defined network and cannot be removed")));
        }
        if self.endpoints(&id).next().is_some() {
            let message = format!("error while removing network: network {name} id {id} has active endpoints");
            return Err(Refusal::new(403, message));
        }
        if let Some(at) = self.networks.iter().position(|network| network.id == id) {
            let network = self.networks.remove(at);
            self.events.network(&network, "destroy", None);
        }
        Ok(())
    }

    /// Running containers in a network, by identifier and name.
    pub(super) fn endpoints(&self, network: &str) -> impl Iterator<Item = (&str, &str)> {
        let joined = move |attachment: &Attachment| attachment.network.as_deref() == Some(network);
        let running = self.containers.iter().filter(|container| container.is_up());
        running
            .filter(move |container| container.networks.values().any(joined))
            .map(|container| (container.id.as_str(), container.name.as_str()))
    }

    /// Connects a container to a network. One that does not run is only noted down, even if there is no such network.
    pub(super) fn connect(&mut self, reference: &str, body: &Value) -> Result<()> {
        let at = self.find(body["Container"].as_str().unwrap_or_default())?;
        let found = self.network(reference).cloned();
        let container = &self.containers[at];
        let mut aliases: std::collections::BTreeSet<String> =
            strings(&body["EndpointConfig"]["Aliases"]).into_iter().collect();
        if found.is_ok() {
            aliases.insert(container.id[..12].to_owned());
        }
        if !container.is_up() {
            let name = found.map_or_else(|_| reference.to_owned(), |network| network.name);
            self.containers[at].networks.insert(name, Attachment { network: None, aliases });
            return Ok(());
        }
        let network = found?;
        if container.networks.contains_key(&network.name) {
            let message = format!("endpoint with name {} already exists in network {}", container.name, network.name);
            return Err(Refusal::new(403, message));
        }
        let id = container.id.clone();
        let attachment = Attachment { network: Some(network.id.clone()), aliases };
        self.containers[at].networks.insert(network.name.clone(), attachment);
        self.events.network(&network, "connect", Some(&id));
        Ok(())
    }

    pub(super) fn disconnect(&mut self, reference: &str, body: &Value) -> Result<()> {
        let found = self.network(reference).cloned();
        let at = self.find(body["Container"].as_str().unwrap_or_default())?;
        let container = &mut self.containers[at];
        if !container.is_up() {
            let name = found.map_or_else(|_| reference.to_owned(), |network| network.name);
            if container.networks.remove(&name).is_none() {
                let message = format!("container {} is not connected to the network {name}", container.id);
                return Err(Refusal::new(500, message));
            }
            return Ok(());
        }
        let network = found?;
        if container.networks.remove(&network.name).is_none() {
            let message = format!("container {} is not connected to network {}", container.id, network.name);
            return Err(Refusal::new(500, message));
        }
        let id = container.id.clone();
        self.events.network(&network, "disconnect", Some(&id));
        Ok(())
    }
}
