//! Creates containers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::daemon::Daemon;
use super::model::{Attachment, Container, Mount, Port, Status, Volume, map, strings};
use super::refusal::{Refusal, Result};

impl Daemon {
    /// Creates a container and returns its identifier.
    pub(super) fn create(&mut self, name: Option<&str>, mut body: Value) -> Result<String> {
        let reference = body["Image"].as_str().unwrap_or_default().to_owned();
        let Some(image) = self.image(&reference).cloned() else {
            let tagged = if reference.contains(':') { reference } else { format!("{reference}:latest") };
            return Err(Refusal::new(404, format!("No such image: {tagged}")));
        };
        if let Some(name) = name {
            check_name(name)?;
            self.check_name_is_free(name)?;
        }
        let endpoints = body["NetworkingConfig"]["EndpointsConfig"].as_object().cloned().unwrap_or_default();
        if endpoints.len() > 1 {
            let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
            let message = format!("Container cannot be connected to network endpoints: {}", names.join(", "));
            return Err(Refusal::new(400, message));
        }
        let ports = ports(&body["HostConfig"]["PortBindings"])?;
        let mounts = self.mounts(&body, &image.volumes)?;
        let id = self.new_id();
        for mode in ["NetworkMode", "IpcMode", "PidMode"] {
            // A container that exists is remembered by its identifier, any other by the name.
            let other = body["HostConfig"][mode].as_str().and_then(|mode| mode.strip_prefix("container:"));
            if let Some(other) = other.and_then(|other| self.container(other).ok()) {
                body["HostConfig"][mode] = format!("container:{}", other.id).into();
            }
        }
        let network_mode = match body["HostConfig"]["NetworkMode"].as_str().unwrap_or_default() {
            "" | "default" => "bridge",
            mode => mode,
        };
        let mut networks = BTreeMap::new();
        if !network_mode.starts_with("container:") {
            let settings = endpoints.get(network_mode).unwrap_or(&Value::Null);
            let aliases = strings(&settings["Aliases"]).into_iter().collect();
            networks.insert(network_mode.to_owned(), Attachment { network: None, aliases });
        }
        let container = Container {
            name: name.map_or_else(|| format!("unnamed_{}", &id[..8]), str::to_owned),
            image: reference,
            image_id: image.id,
            labels: map(&body["Labels"]),
            environment: strings(&body["Env"]),
            status: Status::Created,
            exit_code: 0,
            error: String::new(),
            health: None,
            networks,
            network_mode: network_mode.to_owned(),
            mounts,
            ports,
            files: BTreeMap::new(),
            executed: Vec::new(),
            starts: 0,
            created: self.events.now(),
            started: None,
            finished: None,
            body,
            id: id.clone(),
        };
        self.events.container(&container, "create");
        self.containers.push(container);
        Ok(id)
    }

    /// # Errors
    /// Another container has the name.
    pub(super) fn check_name_is_free(&self, name: &str) -> Result<()> {
        let Some(holder) = self.containers.iter().find(|container| container.name == name) else { return Ok(()) };
        let message = format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or rename) \
             that container to be able to reuse that name.",
            holder.id
        );
        Err(Refusal::new(409, message))
    }

    /// The mounts by path. Volumes that do not exist are created.
    fn mounts(&mut self, body: &Value, volumes_of_image: &[String]) -> Result<BTreeMap<String, Mount>> {
        let host = &body["HostConfig"];
        let mut mounts = BTreeMap::new();
        for other in strings(&host["VolumesFrom"]) {
            let reference = other.split(':').next().unwrap_or_default();
            let other = self.container(reference).map_err(|refusal| Refusal { status: 400, ..refusal })?;
            let volumes = other.mounts.iter().filter(|(_, mount)| mount.kind != "tmpfs");
            mounts.extend(volumes.map(|(path, mount)| (path.clone(), mount.clone())));
        }
        let binds = strings(&host["Binds"]);
        let binds = binds.iter().filter_map(|bind| bind.split_once(':')).map(|(source, rest)| {
            let kind = if source.starts_with('/') { "bind" } else { "volume" };
            (kind.to_owned(), source.to_owned(), rest.split(':').next().unwrap_or_default().to_owned())
        });
        let declared = host["Mounts"].as_array().cloned().unwrap_or_default();
        let declared = declared.iter().map(|mount| {
            let word = |key: &str| mount[key].as_str().unwrap_or_default().to_owned();
            (word("Type"), word("Source"), word("Target"))
        });
        // Labels are those of a volume that is made.
        let labels_of = |path: &str| {
            let mut asked = host["Mounts"].as_array().into_iter().flatten();
            let mount = asked.find(|mount| mount["Target"] == path);
            mount.map(|mount| map(&mount["VolumeOptions"]["Labels"])).unwrap_or_default()
        };
        let mut targets = std::collections::BTreeSet::new();
        let mut nameless = Vec::new();
        for (kind, source, target) in binds.chain(declared) {
            if !targets.insert(target.clone()) {
                return Err(Refusal::new(400, format!("Duplicate mount point: {target}")));
            }
            if kind == "volume" && source.is_empty() {
                mounts.remove(&target);
                nameless.push(target);
            } else {
                mounts.insert(target, Mount { kind, source, anonymous: false });
            }
        }
        nameless.extend(map(&body["Volumes"]).into_keys());
        nameless.extend(volumes_of_image.iter().cloned());
        for target in nameless {
            mounts.entry(target).or_insert_with(|| Mount {
                kind: "volume".to_owned(),
                source: self.new_id(),
                anonymous: true,
            });
        }
        for (path, mount) in mounts.iter().filter(|(_, mount)| mount.kind == "volume") {
            self.create_volume(&mount.source, labels_of(path));
        }
        Ok(mounts)
    }

    /// Creates a volume, unless there is one with this name.
    pub(super) fn create_volume(&mut self, name: &str, labels: BTreeMap<String, String>) -> Volume {
        if let Some(volume) = self.volumes.iter().find(|volume| volume.name == name) {
            return volume.clone();
        }
        let volume = Volume { name: name.to_owned(), labels, created: self.events.now(), files: BTreeMap::new() };
        self.events.volume(name, "create");
        self.volumes.push(volume.clone());
        volume
    }
}

/// # Errors
/// A container cannot have this name.
pub(super) fn check_name(name: &str) -> Result<()> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(word) {
        return Ok(());
    }
    let message = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    Err(Refusal::new(400, message))
}

fn ports(bindings: &Value) -> Result<Vec<Port>> {
    let mut ports = Vec::new();
    for (key, bindings) in bindings.as_object().into_iter().flatten() {
        let (target, protocol) = key.split_once('/').unwrap_or((key, "tcp"));
        let target = target.parse().map_err(|_| Refusal::not_simulated(&format!("the port {key}")))?;
        for binding in bindings.as_array().into_iter().flatten() {
            let word = |key: &str| binding[key].as_str().unwrap_or_default();
            let asked = match word("HostPort") {
                "" | "0" => None,
                port => Some(port.parse().map_err(|_| Refusal::not_simulated(&format!("the host port {port}")))?),
            };
            let (protocol, ip) = (protocol.to_owned(), word("HostIp").to_owned());
            ports.push(Port { target, protocol, ip, asked, published: None });
        }
    }
    Ok(ports)
}
