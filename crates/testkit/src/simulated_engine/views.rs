//! How the engine describes what it has.

use serde_json::{Map, Value, json};

use super::daemon::Daemon;
use super::model::{Container, Health, Image, Network, Status, Volume};

/// What the engine writes of something that has not happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A time as RFC 3339.
pub(super) fn time(nanoseconds: i64) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(nanoseconds));
    time.map_or_else(|_| NEVER.to_owned(), |time| format!("{time:.9}"))
}

/// A container in a list.
pub(super) fn summary(container: &Container, now: i64) -> Value {
    let mut ports = Vec::new();
    for port in &container.ports {
        let Some(published) = port.published else { continue };
        let addresses = if port.ip.is_empty() { vec!["0.0.0.0", "::"] } else { vec![port.ip.as_str()] };
        let entry =
            |ip| json!({ "IP": ip, "PrivatePort": port.target, "PublicPort": published, "Type": port.protocol });
        ports.extend(addresses.into_iter().map(entry));
    }
    json!({
        "Id": container.id, "Names": [format!("/{}", container.name)], "Image": container.image,
        "ImageID": container.image_id, "Command": container.command().join(" "), "Created": container.created / 1_000_000_000,
        "Ports": ports, "Labels": container.labels, "State": container.status.as_str(), "Status": status(container, now),
        "HostConfig": { "NetworkMode": container.network_mode },
        "NetworkSettings": { "Networks": networks(container) }, "Mounts": mounts(container),
    })
}

fn status(container: &Container, now: i64) -> String {
    let seconds = |since: Option<i64>| (now - since.unwrap_or(now)) / 1_000_000_000;
    let up = format!("Up {} seconds", seconds(container.started));
    match (container.status, container.health) {
        (Status::Created, _) => "Created".to_owned(),
        (Status::Exited, _) => format!("Exited ({}) {} seconds ago", container.exit_code, seconds(container.finished)),
        (Status::Paused, _) => format!("{up} (Paused)"),
        (Status::Running, None) => up,
        (Status::Running, Some(Health::Starting)) => format!("{up} (health: starting)"),
        (Status::Running, Some(health)) => format!("{up} ({})", health.as_str()),
    }
}

/// A container in full.
pub(super) fn inspection(container: &Container) -> Value {
    let mut config = container.body.clone();
    let mut host_config = Value::Null;
    if let Some(config) = config.as_object_mut() {
        config.remove("NetworkingConfig");
        host_config = config.remove("HostConfig").unwrap_or_default();
    }
    let command = container.command();
    let time_of = |time_of: Option<i64>| time_of.map_or_else(|| NEVER.to_owned(), time);
    let up = container.is_up();
    let mut state = json!({
        "Status": container.status.as_str(), "Running": up, "Paused": container.status == Status::Paused,
        "Restarting": false, "OOMKilled": false, "Dead": false, "Pid": if up { 4242 } else { 0 },
        "ExitCode": container.exit_code, "Error": container.error,
        "StartedAt": time_of(container.started), "FinishedAt": time_of(container.finished),
    });
    if let Some(health) = container.health {
        state["Health"] = json!({ "Status": health.as_str(), "FailingStreak": 0, "Log": [] });
    }
    let mut ports = Map::new();
    for port in &container.ports {
        let Some(published) = port.published else { continue };
        let bindings = ports.entry(format!("{}/{}", port.target, port.protocol)).or_insert_with(|| json!([]));
        if let Some(bindings) = bindings.as_array_mut() {
            let ip = if port.ip.is_empty() { "0.0.0.0" } else { &port.ip };
            bindings.push(json!({ "HostIp": ip, "HostPort": published.to_string() }));
        }
    }
    json!({
        "Id": container.id, "Created": time(container.created), "Path": command.first(), "Args": command.get(1..),
        "State": state, "Image": container.image_id, "Name": format!("/{}", container.name), "RestartCount": 0,
        "Driver": "overlay2", "Platform": "linux", "HostConfig": host_config, "Mounts": mounts(container), "Config": config,
        "NetworkSettings": { "Ports": ports, "Networks": networks(container) },
    })
}

fn networks(container: &Container) -> Value {
    let endpoint = if container.is_up() { container.id.as_str() } else { "" };
    let entries = container.networks.iter().map(|(name, attachment)| {
        let network = attachment.network.as_deref().unwrap_or_default();
        let aliases = &attachment.aliases;
        (name.clone(), json!({ "NetworkID": network, "EndpointID": endpoint, "Aliases": aliases }))
    });
    Value::Object(entries.collect())
}

fn mounts(container: &Container) -> Vec<Value> {
    let entry = |(path, mount): (&String, &super::model::Mount)| {
        let mut entry =
            json!({ "Type": mount.kind, "Source": mount.source, "Destination": path, "Mode": "", "RW": true });
        if mount.kind == "volume" {
            entry["Name"] = mount.source.clone().into();
            entry["Source"] = format!("/var/lib/docker/volumes/{}/_data", mount.source).into();
        }
        entry
    };
    container.mounts.iter().map(entry).collect()
}

/// A network; in full with the containers that run in it.
pub(super) fn network(daemon: &Daemon, network: &Network, in_full: bool) -> Value {
    let endpoints = daemon.endpoints(&network.id).filter(|_| in_full);
    let containers: Map<String, Value> =
        endpoints.map(|(id, name)| (id.to_owned(), json!({ "Name": name, "EndpointID": id }))).collect();
    let options = if network.body["Options"].is_null() { json!({}) } else { network.body["Options"].clone() };
    json!({
        "Name": network.name, "Id": network.id, "Created": time(network.created), "Scope": "local",
        "Driver": network.driver, "EnableIPv6": network.body["EnableIPv6"] == true, "IPAM": network.body["IPAM"],
        "Internal": network.body["Internal"] == true, "Attachable": network.body["Attachable"] == true, "Ingress": false,
        "Containers": containers, "Options": options, "Labels": network.labels,
    })
}

/// A volume.
pub(super) fn volume(volume: &Volume) -> Value {
    json!({
        "CreatedAt": time(volume.created), "Driver": "local", "Labels": volume.labels,
        "Mountpoint": format!("/var/lib/docker/volumes/{}/_data", volume.name), "Name": volume.name, "Options": null,
        "Scope": "local",
    })
}

/// An image.
pub(super) fn image(image: &Image) -> Value {
    let volumes: Map<String, Value> = image.volumes.iter().map(|path| (path.clone(), json!({}))).collect();
    json!({ "Id": image.id, "RepoTags": [image.name], "RepoDigests": [], "Config": { "Volumes": volumes } })
}
