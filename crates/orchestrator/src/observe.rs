//! What the engine has of a project: its containers, all networks and volumes, the images that it names, and the host ports
//! that other containers hold.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder};
use futures_util::future::try_join_all;
use serde::Serialize;
use wharf_compose::Project;
use wharf_docker::{Engine, labels, names, unless_gone};

use crate::Error;

/// The engine's side of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The project's containers, running or not, by service and number.
    pub containers: Vec<Container>,
    /// Networks that carry the project's label, and those it names.
    pub networks: Vec<Network>,
    /// Volumes that carry the project's label, and those it names.
    pub volumes: Vec<Volume>,
    /// Images that the project names and the engine has.
    pub images: BTreeMap<String, Image>,
    /// Host ports that containers outside the project hold.
    pub foreign_ports: Vec<ForeignPort>,
}

/// A container of the project.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Container {
    /// Its identifier, 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The project it belongs to.
    pub project: String,
    /// The service it is a replica of.
    pub service: String,
    /// The replica's number, from 1.
    pub number: u32,
    /// Made by `run`, or for a hook: no replica.
    pub one_off: bool,
    /// Hash of the configuration it was made from.
    pub hash: Option<String>,
    /// Identifier of its image.
    pub image_id: String,
    /// The image's name as it was given.
    pub image: String,
    /// Its command.
    pub command: String,
    /// What it does.
    pub state: State,
    /// What its health check says, if it has one and runs.
    pub health: Option<Health>,
    /// Exit code, once it has stopped.
    pub exit_code: Option<i64>,
    /// The engine's words: `Up 5 minutes (healthy)`.
    pub status: String,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Ports, published or only exposed.
    pub ports: Vec<Published>,
    /// Names of the networks it is on.
    pub networks: Vec<String>,
    /// Names of its volumes and paths of its bind mounts.
    pub mounts: Vec<String>,
    /// All of its labels.
    pub labels: BTreeMap<String, String>,
}

impl Container {
    /// Whether its main process runs or is about to again.
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Running | State::Restarting | State::Paused)
    }

    /// Whether it was made for a hook of its service, and is left of one that failed.
    pub fn is_hook(&self) -> bool {
        self.labels.contains_key(labels::HOOK)
    }
}

/// State of a container, in the engine's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Made, not started.
    #[default]
    Created,
    /// Running.
    Running,
    /// Paused.
    Paused,
    /// Between an exit and the next start by its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Stopped.
    Exited,
    /// Could not be removed.
    Dead,
}

impl State {
    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Created => "created",
            State::Running => "running",
            State::Paused => "paused",
            State::Restarting => "restarting",
            State::Removing => "removing",
            State::Exited => "exited",
            State::Dead => "dead",
        }
    }
}

/// What a health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not decided yet.
    Starting,
    /// The last probe passed.
    Healthy,
    /// Too many probes in a row failed.
    Unhealthy,
}

impl Health {
    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Starting => "starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        }
    }
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Published {
    /// Port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Host address. Before the port in the order: where the engine gives a port another number under IPv6, IPv4 is first.
    pub ip: Option<String>,
    /// Host port; `None`: exposed only.
    pub published: Option<u16>,
}

/// A host port that somebody else's container holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPort {
    /// Host address.
    pub ip: String,
    /// Host port.
    pub port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// The container's name.
    pub container: String,
    /// The project it belongs to.
    pub project: Option<String>,
}

/// A network in the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The project whose label it carries.
    pub project: Option<String>,
    /// Its key in that project's file.
    pub key: Option<String>,
    /// Its driver.
    pub driver: Option<String>,
}

/// A volume in the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The project whose label it carries.
    pub project: Option<String>,
    /// Its key in that project's file.
    pub key: Option<String>,
}

/// An image in the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// Its identifier.
    pub id: String,
    /// When it was last pulled, built or tagged here, in nanoseconds since 1970.
    pub last_tagged: Option<i64>,
}

/// Looks at what the engine has of `project`.
///
/// # Errors
/// Those of the engine.
pub async fn observe(engine: &Engine, project: &Project) -> Result<Observed, Error> {
    let references = project.services.iter().flat_map(|(name, service)| {
        let own = project.image_of(name, service);
        crate::plan::init_images(project, name, service).chain([own])
    });
    let (containers, networks, volumes, images, foreign_ports) = tokio::try_join!(
        list_containers(engine, Some(&project.name), true),
        list_networks(engine),
        list_volumes(engine),
        try_join_all(references.map(|reference| find_image(engine, reference))),
        foreign_ports(engine, &project.name),
    )?;
    let ours = |owner: &Option<String>| owner.as_deref() == Some(project.name.as_str());
    let named_network = |name: &String| project.networks.values().any(|network| network.name == *name);
    let named_volume = |name: &String| project.volumes.values().any(|volume| volume.name == *name);
    Ok(Observed {
        containers,
        networks: networks.into_iter().filter(|net| ours(&net.project) || named_network(&net.name)).collect(),
        volumes: volumes.into_iter().filter(|vol| ours(&vol.project) || named_volume(&vol.name)).collect(),
        images: images.into_iter().flatten().collect(),
        foreign_ports,
    })
}

/// Lists containers that belong to a Compose project (to `project`, or to any), by project, service and number.
///
/// # Errors
/// Those of the engine.
pub async fn list_containers(engine: &Engine, project: Option<&str>, stopped: bool) -> Result<Vec<Container>, Error> {
    let label = match project {
        Some(project) => labels::selector(labels::PROJECT, project),
        None => labels::PROJECT.to_owned(),
    };
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListContainersOptionsBuilder::default().all(stopped).filters(&filters).build();
    let summaries = engine.docker().list_containers(Some(options)).await;
    let summaries = summaries.map_err(|error| failed(error, "list the containers"))?;
    let mut containers: Vec<Container> = summaries.into_iter().filter_map(container).collect();
    containers
        .sort_by(|a, b| (&a.project, &a.service, a.number, &a.name).cmp(&(&b.project, &b.service, b.number, &b.name)));
    Ok(containers)
}

/// Whether a container runs now, or is about to again by its restart policy.
///
/// # Errors
/// Those of the engine.
pub async fn is_running(engine: &Engine, id: &str) -> Result<bool, Error> {
    let inspected = unless_gone(engine.docker().inspect_container(id, None).await)?;
    Ok(inspected.and_then(|inspected| inspected.state?.running).unwrap_or(false))
}

fn container(summary: ContainerSummary) -> Option<Container> {
    let labels: BTreeMap<String, String> = summary.labels.unwrap_or_default().into_iter().collect();
    let status = summary.status.unwrap_or_default();
    let names = summary.names.unwrap_or_default();
    let name = names::own_name(&names)?;
    let mut ports: Vec<Published> = summary
        .ports
        .unwrap_or_default()
        .into_iter()
        .map(|port| Published {
            target: port.private_port,
            protocol: port.typ.map_or_else(|| "tcp".to_owned(), |kind| kind.to_string()),
            published: port.public_port.filter(|port| *port != 0),
            ip: port.ip,
        })
        .collect();
    ports.sort();
    Some(Container {
        id: summary.id?,
        name: name.to_owned(),
        project: labels.get(labels::PROJECT).cloned().unwrap_or_default(),
        service: labels.get(labels::SERVICE).cloned().unwrap_or_default(),
        number: labels.get(labels::NUMBER).and_then(|number| number.parse().ok()).unwrap_or(0),
        one_off: labels.contains_key(labels::HOOK)
            || labels::is_one_off(labels.get(labels::ONE_OFF).map(String::as_str)),
        hash: labels.get(labels::CONFIG_HASH).cloned(),
        image_id: summary.image_id.unwrap_or_default(),
        image: summary.image.unwrap_or_default(),
        command: summary.command.unwrap_or_default(),
        state: summary.state.map_or(State::Created, state),
        health: health_in(&status),
        exit_code: exit_code_in(&status),
        status,
        created: summary.created.unwrap_or(0),
        ports,
        networks: {
            let networks = summary.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
            let mut names: Vec<String> = networks.into_keys().collect();
            names.sort();
            names
        },
        mounts: summary
            .mounts
            .unwrap_or_default()
            .into_iter()
            .filter_map(|mount| mount.name.filter(|name| !name.is_empty()).or(mount.source))
            .collect(),
        labels,
    })
}

fn state(state: ContainerSummaryStateEnum) -> State {
    match state {
        ContainerSummaryStateEnum::RUNNING => State::Running,
        ContainerSummaryStateEnum::PAUSED => State::Paused,
        ContainerSummaryStateEnum::RESTARTING => State::Restarting,
        ContainerSummaryStateEnum::REMOVING => State::Removing,
        ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::STOPPING => State::Exited,
        ContainerSummaryStateEnum::DEAD => State::Dead,
        ContainerSummaryStateEnum::CREATED | ContainerSummaryStateEnum::EMPTY => State::Created,
    }
}

/// The list call of engines before API 1.52 tells health only within the status: `Up 2 hours (healthy)`.
fn health_in(status: &str) -> Option<Health> {
    let (_, rest) = status.rsplit_once('(')?;
    match rest.trim_end_matches(')') {
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        "health: starting" => Some(Health::Starting),
        _ => None,
    }
}

/// The exit code within `Exited (137) 2 hours ago`.
fn exit_code_in(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split(')').next()?.parse().ok()
}

async fn list_networks(engine: &Engine) -> Result<Vec<Network>, Error> {
    let options = ListNetworksOptionsBuilder::default().build();
    let networks = engine.docker().list_networks(Some(options)).await;
    let networks = networks.map_err(|error| failed(error, "list the networks"))?;
    Ok(networks
        .into_iter()
        .map(|network| {
            let mut labels = network.labels.unwrap_or_default();
            Network {
                id: network.id.unwrap_or_default(),
                name: network.name.unwrap_or_default(),
                project: labels.remove(labels::PROJECT),
                key: labels.remove(labels::NETWORK),
                driver: network.driver,
            }
        })
        .collect())
}

async fn list_volumes(engine: &Engine) -> Result<Vec<Volume>, Error> {
    let options = ListVolumesOptionsBuilder::default().build();
    let volumes = engine.docker().list_volumes(Some(options)).await;
    let volumes = volumes.map_err(|error| failed(error, "list the volumes"))?.volumes.unwrap_or_default();
    Ok(volumes
        .into_iter()
        .map(|mut volume| Volume {
            name: volume.name,
            project: volume.labels.remove(labels::PROJECT),
            key: volume.labels.remove(labels::VOLUME),
        })
        .collect())
}

async fn find_image(engine: &Engine, reference: String) -> Result<Option<(String, Image)>, Error> {
    let image = unless_gone(engine.docker().inspect_image(&reference).await);
    let image = image.map_err(|error| failed(error, "look at an image"))?;
    Ok(image.map(|image| {
        let tagged = image.metadata.and_then(|metadata| metadata.last_tag_time);
        let last_tagged = tagged.and_then(|time| i64::try_from(time.unix_timestamp_nanos()).ok());
        (reference, Image { id: image.id.unwrap_or_default(), last_tagged })
    }))
}

/// An error of a call, which says what was asked for.
fn failed(error: bollard::errors::Error, action: &'static str) -> Error {
    Error::Engine(wharf_docker::Error::from(error).during(action))
}

/// Host ports of running containers outside the project.
async fn foreign_ports(engine: &Engine, project: &str) -> Result<Vec<ForeignPort>, Error> {
    let options = ListContainersOptionsBuilder::default().build();
    let running = engine.docker().list_containers(Some(options)).await;
    let running = running.map_err(|error| failed(error, "list the containers"))?;
    let foreign = running.into_iter().filter_map(container).filter(|container| container.project != project);
    Ok(foreign
        .flat_map(|container| {
            let owner = Some(container.project).filter(|project| !project.is_empty());
            let name = container.name;
            container.ports.into_iter().filter_map(move |port| {
                Some(ForeignPort {
                    ip: port.ip.unwrap_or_default(),
                    port: port.published?,
                    protocol: port.protocol,
                    container: name.clone(),
                    project: owner.clone(),
                })
            })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_and_exit_code_are_read_from_the_status() {
        assert_eq!(health_in("Up 2 hours (healthy)"), Some(Health::Healthy));
        assert_eq!(health_in("Up 1 second (health: starting)"), Some(Health::Starting));
        assert_eq!(health_in("Up 2 hours"), None);
        assert_eq!(exit_code_in("Exited (137) 3 minutes ago"), Some(137));
        assert_eq!(exit_code_in("Up 2 hours (healthy)"), None);
    }
}
