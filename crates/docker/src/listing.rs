//! Containers as the engine lists them: less than an inspection says, for all of them in one call.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models as api;
use bollard::query_parameters::ListContainersOptionsBuilder;

use crate::container::{ContainerPort, ContainerStatus, HealthStatus, NetworkAttachment, attachment};
use crate::engine::Engine;
use crate::error::Error;
use crate::names::own_name;

/// How often another engine than Docker is asked again for a list that cannot be read, and after which pause.
const MOST_LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A container in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedContainer {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The name, without the slash in front.
    pub name: String,
    /// The image's name, as it was given.
    pub image: String,
    /// The image's identifier.
    pub image_id: String,
    /// The command with its arguments.
    pub command: String,
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// What it does.
    pub status: ContainerStatus,
    /// What its health check says, if it has one and runs.
    pub health: Option<HealthStatus>,
    /// The exit code, once it has stopped.
    pub exit_code: Option<i64>,
    /// The engine's words: `Up 5 minutes (healthy)`.
    pub status_text: String,
    /// Ports, published or only exposed. In the engine's order.
    pub ports: Vec<ContainerPort>,
    /// Its networks by name. Before the first start their identifiers may be empty.
    pub networks: BTreeMap<String, NetworkAttachment>,
    /// How it is connected: a network's name, `host`, `none`, `container:ID`.
    pub network_mode: String,
    /// Names of its volumes and host paths of its binds.
    pub mounts: Vec<String>,
    /// Its volumes, named or anonymous.
    pub volumes: Vec<MountedVolume>,
    /// All labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MountedVolume {
    /// The volume's name.
    pub name: String,
    /// Its path in the container.
    pub path: String,
}

/// Lists the containers with a label (`KEY` or `KEY=VALUE`), or all of them; `stopped`: not only those that run (Engine
/// API `GET /containers/json`).
///
/// # Errors
/// If the request fails.
pub async fn list_containers(
    engine: &Engine,
    label: Option<&str>,
    stopped: bool,
) -> Result<Vec<ListedContainer>, Error> {
    let filters: HashMap<_, _> = label.map(|label| ("label", vec![label.to_owned()])).into_iter().collect();
    let options = ListContainersOptionsBuilder::default().all(stopped).filters(&filters).build();
    let mut left = MOST_LOOKS;
    let listed = loop {
        match engine.docker().list_containers(Some(options.clone())).await {
            // Podman says `stopped`, which is no state of Docker's, between a container's end and its cleanup.
            Err(bollard::errors::Error::JsonDataError { .. }) if !engine.is_docker() && left > 0 => {
                left -= 1;
                tokio::time::sleep(PAUSE).await;
            }
            result => break result.map_err(Error::at("list the containers"))?,
        }
    };
    Ok(listed.into_iter().filter_map(read).collect())
}

/// `None`: the container has lost its name, as it does while it is removed.
fn read(summary: api::ContainerSummary) -> Option<ListedContainer> {
    let names = summary.names.unwrap_or_default();
    let status_text = summary.status.unwrap_or_default();
    let networks = summary.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let mounts = summary.mounts.unwrap_or_default();
    let volumes = mounts
        .iter()
        .filter(|mount| mount.typ.as_deref() == Some("volume"))
        .filter_map(|mount| Some(MountedVolume { name: mount.name.clone()?, path: mount.destination.clone()? }));
    Some(ListedContainer {
        name: own_name(&names)?.to_owned(),
        id: summary.id?,
        image: summary.image.unwrap_or_default(),
        image_id: summary.image_id.unwrap_or_default(),
        command: summary.command.unwrap_or_default(),
        created: summary.created.unwrap_or(0),
        status: summary.state.map_or(ContainerStatus::Created, status),
        health: health_in(&status_text),
        exit_code: exit_code_in(&status_text),
        status_text,
        ports: summary.ports.unwrap_or_default().into_iter().map(port).collect(),
        networks: networks.into_iter().map(attachment).collect(),
        network_mode: summary.host_config.and_then(|host| host.network_mode).unwrap_or_default(),
        volumes: volumes.collect(),
        mounts: mounts
            .into_iter()
            .filter_map(|mount| mount.name.filter(|name| !name.is_empty()).or(mount.source))
            .collect(),
        labels: summary.labels.unwrap_or_default().into_iter().collect(),
    })
}

fn port(port: api::PortSummary) -> ContainerPort {
    ContainerPort {
        private: port.private_port,
        public: port.public_port.filter(|port| *port != 0),
        protocol: port.typ.map_or_else(|| "tcp".to_owned(), |kind| kind.to_string()),
        ip: port.ip.unwrap_or_default(),
    }
}

fn status(state: api::ContainerSummaryStateEnum) -> ContainerStatus {
    use api::ContainerSummaryStateEnum as Word;
    match state {
        Word::RUNNING => ContainerStatus::Running,
        Word::PAUSED => ContainerStatus::Paused,
        Word::RESTARTING => ContainerStatus::Restarting,
        Word::REMOVING => ContainerStatus::Removing,
        Word::EXITED | Word::STOPPING => ContainerStatus::Exited,
        Word::DEAD => ContainerStatus::Dead,
        Word::CREATED | Word::EMPTY => ContainerStatus::Created,
    }
}

/// Engines before API 1.52 list the health only within the status: `Up 2 hours (healthy)`.
fn health_in(status: &str) -> Option<HealthStatus> {
    let (_, rest) = status.rsplit_once('(')?;
    match rest.trim_end_matches(')') {
        "healthy" => Some(HealthStatus::Healthy),
        "unhealthy" => Some(HealthStatus::Unhealthy),
        "health: starting" => Some(HealthStatus::Starting),
        _ => None,
    }
}

/// The exit code within `Exited (137) 2 hours ago`.
fn exit_code_in(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split(')').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_and_exit_code_are_read_from_the_status() {
        assert_eq!(health_in("Up 2 hours (healthy)"), Some(HealthStatus::Healthy));
        assert_eq!(health_in("Up 1 second (health: starting)"), Some(HealthStatus::Starting));
        assert_eq!(health_in("Up 2 hours"), None);
        assert_eq!(exit_code_in("Exited (137) 3 minutes ago"), Some(137));
        assert_eq!(exit_code_in("Up 2 hours (healthy)"), None);
    }

    #[test]
    fn an_answer_of_the_engine_is_read() {
        let summary = serde_json::json!({
            "Id": "4f0c", "Names": ["/other/link", "/shop-web-1"], "Image": "nginx:1", "ImageID": "sha256:1",
            "Command": "nginx", "Created": 1_700_000_000, "State": "exited", "Status": "Exited (3) 1 second ago",
            "Ports": [{ "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": "0.0.0.0" }, { "PrivatePort": 443, "Type": "udp" }],
            "HostConfig": { "NetworkMode": "a" },
            "NetworkSettings": { "Networks": { "b": {}, "a": { "NetworkID": "0a", "IPAddress": "172.18.0.2" } } },
            "Mounts": [{ "Type": "volume", "Name": "data", "Destination": "/data" }, { "Type": "bind", "Name": "", "Source": "/srv" }],
        });
        let found = read(serde_json::from_value(summary).unwrap()).unwrap();
        assert_eq!(
            (found.name.as_str(), found.status, found.exit_code),
            ("shop-web-1", ContainerStatus::Exited, Some(3))
        );
        let ports: Vec<_> =
            found.ports.iter().map(|port| (port.private, port.public, port.protocol.as_str())).collect();
        assert_eq!(ports, [(80, Some(8080), "tcp"), (443, None, "udp")]);
        let a = NetworkAttachment { network_id: "0a".into(), ipv4: "172.18.0.2".into(), ipv6: String::new() };
        let networks = [("a".to_owned(), a), ("b".to_owned(), NetworkAttachment::default())];
        assert_eq!((found.networks, found.network_mode.as_str()), (BTreeMap::from(networks), "a"));
        assert_eq!(found.mounts, ["data", "/srv"]);
        assert_eq!(found.volumes, [MountedVolume { name: "data".into(), path: "/data".into() }]);
    }
}
