//! Discovery: which containers have metrics of their own, and which are databases.
//!
//! A container is scraped when its labels say so, Wharf's (`wharf.metrics.port: "8080"`) or the widespread
//! `prometheus.io/scrape: "true"`. Each replica is a target of its own. A container that should run but does not stays
//! a target under its name, so that its absence is visible (`up` is 0); a removed one does not. An exporter in a container
//! lists those that share a network with it: other projects on the machine have exporters of their own.

mod databases;
mod network;
mod sd;

use std::collections::BTreeMap;

pub(crate) use databases::Database;
pub(crate) use network::OwnContainer;
use network::Place;
pub(crate) use sd::groups;
use wharf_docker::labels::{NUMBER, ONE_OFF, PROJECT, SERVICE, is_one_off};

use crate::containers::container::Container;

/// The prefix of labels that only we read.
const WHARF: &str = "wharf.metrics.";
/// The prefix of labels that others read, too.
const PROMETHEUS: &str = "prometheus.io/";

/// What was found among the containers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) targets: Vec<Target>,
    pub(crate) databases: Vec<Database>,
    /// One sentence for each invalid label.
    pub(crate) errors: Vec<String>,
}

/// An address that serves metrics.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) address: String,
    pub(crate) scheme: &'static str,
    pub(crate) path: String,
    pub(crate) port: u16,
    pub(crate) origin: Origin,
}

/// The container behind a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The job: from the label, else the service, else the container's name.
    pub(crate) job: String,
    /// The container's name.
    pub(crate) container: String,
    /// The container's id.
    pub(crate) id: String,
    /// The Compose project.
    pub(crate) project: Option<String>,
    /// The Compose service.
    pub(crate) service: Option<String>,
    /// The replica's number within the service, from 1.
    pub(crate) replica: Option<String>,
    /// The network that the container was asked for.
    pub(crate) network_mode: String,
    /// All the container's labels.
    pub(crate) labels: BTreeMap<String, String>,
}

impl Origin {
    fn of(container: &Container) -> Self {
        let label = |name: &str| container.label(name).map(str::to_owned);
        let named = label("wharf.metrics.job").filter(|job| !job.is_empty());
        Origin {
            job: named.or_else(|| label(SERVICE)).unwrap_or_else(|| container.name.clone()),
            container: container.name.clone(),
            id: container.id.clone(),
            project: label(PROJECT),
            service: label(SERVICE),
            replica: label(NUMBER),
            network_mode: container.network_mode.clone(),
            labels: container.labels.clone(),
        }
    }
}

/// Looks through the containers, one of which may be our own.
pub(crate) fn find<'a>(containers: impl IntoIterator<Item = &'a Container>, own: &OwnContainer) -> Found {
    let mut found = Found::default();
    let all: Vec<&Container> = containers.into_iter().collect();
    for &container in &all {
        let place = network::place(container, &all);
        let wanted = container.label("wharf.metrics.scrape") != Some("false");
        let there = (container.pid.is_some() || container.missed) && own.reaches(&place);
        if !wanted || !there || is_one_off(container.label(ONE_OFF)) {
            continue;
        }
        if let Err(error) = scraped(&place, &own.networks, &mut found.targets) {
            found.errors.push(format!("container {}: {error}", container.name));
        }
        match databases::database(&place, own) {
            Ok(database) => found.databases.extend(database),
            Err(error) => found.errors.push(format!("container {}: {error}", container.name)),
        }
    }
    found.targets.sort_by(|one, other| (&one.origin.container, one.port).cmp(&(&other.origin.container, other.port)));
    found.databases.sort_by(|one, other| one.origin.container.cmp(&other.origin.container));
    found
}

/// Why a label is invalid.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum BadLabel {
    #[error("label {label}: {value:?} is not {expected}")]
    Value { label: String, value: String, expected: &'static str },
    #[error("label {label} names no port, and the container declares {}", match ports { 0 => "none".to_owned(), n => format!("{n} of them") })]
    NoPort { label: String, ports: usize },
    #[error("it has no address {}: it needs a network that the scraper reaches", match network { Some(name) => format!("in the network {name:?}"), None => "of its own".to_owned() })]
    NoAddress { network: Option<String> },
}

fn scraped(place: &Place<'_>, near: &[String], targets: &mut Vec<Target>) -> Result<(), BadLabel> {
    let container = place.container;
    let by_us =
        container.label("wharf.metrics.port").is_some() || container.label("wharf.metrics.scrape") == Some("true");
    let prefix = match by_us {
        true => WHARF,
        false if container.label("prometheus.io/scrape") == Some("true") => PROMETHEUS,
        false => return Ok(()),
    };
    let label =
        |name: &str| container.label(&format!("{prefix}{name}")).map(str::trim).filter(|value| !value.is_empty());
    let bad = |name: &str, expected: &'static str| BadLabel::Value {
        label: format!("{prefix}{name}"),
        value: label(name).unwrap_or_default().chars().take(100).collect(),
        expected,
    };
    let ports = match label("port") {
        Some(text) => {
            ports(text).ok_or_else(|| bad("port", "a port from 1 to 65535, or several with commas between"))?
        }
        None if container.tcp_ports.len() == 1 => container.tcp_ports.clone(),
        None => return Err(BadLabel::NoPort { label: format!("{prefix}port"), ports: container.tcp_ports.len() }),
    };
    let scheme = match label("scheme") {
        None | Some("http") => "http",
        Some("https") => "https",
        Some(_) => return Err(bad("scheme", "http or https")),
    };
    let path = label("path").unwrap_or("/metrics");
    if !path.starts_with('/') {
        return Err(bad("path", "a path, which begins with /"));
    }
    let host = place.host(near)?;
    targets.extend(ports.into_iter().map(|port| Target {
        address: format!("{host}:{port}"),
        scheme,
        path: path.to_owned(),
        port,
        origin: Origin::of(container),
    }));
    Ok(())
}

fn ports(text: &str) -> Option<Vec<u16>> {
    text.split(',').map(|port| port.trim().parse().ok().filter(|port| *port > 0)).collect()
}

#[cfg(test)]
mod tests;
