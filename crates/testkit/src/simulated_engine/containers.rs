//! Starts, stops, renames and removes containers, and runs commands in them.

use std::io::Read;

use bytes::Bytes;
use serde_json::Value;

use super::create::check_name;
use super::daemon::Daemon;
use super::model::{Container, Health, Port, Status, strings};
use super::refusal::{Refusal, Result};

/// The first port that the engine chooses itself.
const FIRST_EPHEMERAL: u16 = 49_153;

/// Whether an operation changed anything. If not, the engine answers 304.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changed {
    Yes,
    No,
}

impl Daemon {
    /// Starts a container. `true` and `false` end at once; any other command runs until it is stopped.
    pub(super) fn start(&mut self, reference: &str) -> Result<Changed> {
        let at = self.find(reference)?;
        match self.containers[at].status {
            Status::Running => return Ok(Changed::No),
            Status::Paused => {
                return Err(Refusal::new(409, "cannot start a paused container, try unpause instead"));
            }
            Status::Created | Status::Exited => {}
        }
        let started = self.join_networks(at).and_then(|()| self.publish_ports(at));
        let now = self.events.now();
        let container = &mut self.containers[at];
        if let Err(refusal) = started {
            container.error.clone_from(&refusal.message);
            if container.status == Status::Created {
                container.exit_code = 128;
            }
            return Err(refusal);
        }
        container.status = Status::Running;
        container.starts += 1;
        container.started = Some(now);
        container.exit_code = 0;
        container.error.clear();
        let words = strings(&container.body["Healthcheck"]["Test"]);
        let has_check = words.first().is_some_and(|word| word != "NONE");
        container.health = has_check.then_some(Health::Starting);
        self.events.container(&self.containers[at], "start");
        match self.containers[at].command().first().map(String::as_str) {
            Some("true") => self.end(at, 0),
            Some("false") => self.end(at, 1),
            _ if has_check && !self.probes_late => self.set_health(at, Health::Healthy),
            _ => {}
        }
        Ok(Changed::Yes)
    }

    /// A probe has decided.
    pub(super) fn set_health(&mut self, at: usize, health: Health) {
        self.containers[at].health = Some(health);
        self.events.container(&self.containers[at], &format!("health_status: {}", health.as_str()));
    }

    /// Looks up all networks. The container remembers their identifiers from then on.
    fn join_networks(&mut self, at: usize) -> Result<()> {
        if let Some(other) = self.containers[at].network_mode.strip_prefix("container:") {
            let other = self.container(other)?;
            if !other.is_up() {
                let message = format!("cannot join network of a non running container: {}", other.id);
                return Err(Refusal::new(409, message));
            }
            return Ok(());
        }
        for (name, attachment) in self.containers[at].networks.clone() {
            let network = self.network(attachment.network.as_deref().unwrap_or(&name))?.clone();
            if let Some(attachment) = self.containers[at].networks.get_mut(&name) {
                attachment.network = Some(network.id.clone());
            }
            self.events.network(&network, "connect", Some(&self.containers[at].id));
        }
        Ok(())
    }

    fn publish_ports(&mut self, at: usize) -> Result<()> {
        let running = self.containers.iter().filter(|container| container.is_up());
        let held: Vec<Port> = running.flat_map(|container| container.ports.clone()).collect();
        let container = &mut self.containers[at];
        let mut free = FIRST_EPHEMERAL..;
        let mut published = Vec::new();
        for port in &container.ports {
            let taken = |number: u16| {
                let mut others = held.iter().filter(|held| held.published == Some(number));
                others.any(|held| held.protocol == port.protocol && overlap(&held.ip, &port.ip))
            };
            let number = match port.asked {
                Some(number) if taken(number) => {
                    let ip = if port.ip.is_empty() { "0.0.0.0" } else { &port.ip };
                    let message = format!(
                        "driver failed programming external connectivity on endpoint {} ({}): Bind for {ip}:{number} failed: \
                         port is already allocated",
                        container.name, container.id
                    );
                    return Err(Refusal::new(500, message));
                }
                Some(number) => Some(number),
                None => free.find(|number| !taken(*number)),
            };
            published.push(Port { published: number, ..port.clone() });
        }
        container.ports = published;
        Ok(())
    }

    /// The container's main process ends.
    fn end(&mut self, at: usize, exit_code: i64) {
        let now = self.events.now();
        let container = &mut self.containers[at];
        container.status = Status::Exited;
        container.exit_code = exit_code;
        container.finished = Some(now);
        container.health = None;
        for port in &mut container.ports {
            port.published = None;
        }
        let container = &self.containers[at];
        self.events.container(container, "die");
        let left: Vec<&str> = container.networks.values().filter_map(|joined| joined.network.as_deref()).collect();
        for network in self.networks.iter().filter(|network| left.contains(&network.id.as_str())) {
            self.events.network(network, "disconnect", Some(&container.id));
        }
    }

    pub(super) fn stop(&mut self, reference: &str) -> Result<Changed> {
        let at = self.find(reference)?;
        if !self.containers[at].is_up() {
            return Ok(Changed::No);
        }
        self.events.container(&self.containers[at], "kill");
        self.end(at, 137);
        self.events.container(&self.containers[at], "stop");
        Ok(Changed::Yes)
    }

    pub(super) fn restart(&mut self, reference: &str) -> Result<()> {
        self.stop(reference)?;
        let started = self.start(reference);
        started
            .map(|_| ())
            .map_err(|refusal| Refusal::new(500, format!("Cannot restart container {reference}: {}", refusal.message)))
    }

    /// Sends a signal. Only SIGKILL ends a process; all others are ignored, as by a process with the number 1 that has no
    /// handler.
    pub(super) fn kill(&mut self, reference: &str, signal: &str) -> Result<()> {
        let failed = |refusal: Refusal| Refusal {
            message: format!("Cannot kill container: {reference}: {}", refusal.message),
            ..refusal
        };
        let at = self.find(reference).map_err(failed)?;
        self.needs_process(at).map_err(failed)?;
        self.events.container(&self.containers[at], "kill");
        if matches!(signal, "" | "9" | "KILL" | "SIGKILL") {
            self.end(at, 137);
        }
        Ok(())
    }

    pub(super) fn pause(&mut self, reference: &str) -> Result<()> {
        let at = self.find(reference)?;
        self.needs_process(at)?;
        let container = &mut self.containers[at];
        if container.status == Status::Paused {
            return Err(Refusal::new(409, format!("Container {} is already paused", container.id)));
        }
        container.status = Status::Paused;
        self.events.container(&self.containers[at], "pause");
        Ok(())
    }

    pub(super) fn unpause(&mut self, reference: &str) -> Result<()> {
        let at = self.find(reference)?;
        let container = &mut self.containers[at];
        if container.status != Status::Paused {
            return Err(Refusal::new(500, format!("Container {} is not paused", container.id)));
        }
        container.status = Status::Running;
        self.events.container(&self.containers[at], "unpause");
        Ok(())
    }

    fn needs_process(&self, at: usize) -> Result<()> {
        let container = &self.containers[at];
        if container.is_up() {
            return Ok(());
        }
        Err(Refusal::new(409, format!("Container {} is not running", container.id)))
    }

    pub(super) fn rename(&mut self, reference: &str, name: &str) -> Result<()> {
        let at = self.find(reference)?;
        if self.containers[at].name == name {
            return Err(Refusal::new(400, "Renaming a container with the same name as its current name"));
        }
        let free = check_name(name).and_then(|()| self.check_name_is_free(name));
        free.map_err(|refusal| Refusal {
            message: format!("Error when allocating new name: {}", refusal.message),
            ..refusal
        })?;
        name.clone_into(&mut self.containers[at].name);
        self.events.container(&self.containers[at], "rename");
        Ok(())
    }

    /// Removes a container; with `volumes`, also its anonymous ones that no other container uses.
    pub(super) fn remove(&mut self, reference: &str, volumes: bool, force: bool) -> Result<()> {
        let at = self.find(reference)?;
        if self.containers[at].is_up() {
            if !force {
                let id = &self.containers[at].id;
                let message = format!(
                    "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
                );
                return Err(Refusal::new(409, message));
            }
            self.events.container(&self.containers[at], "kill");
            self.end(at, 137);
        }
        let container = self.containers.remove(at);
        for mount in container.mounts.values().filter(|mount| volumes && mount.anonymous) {
            // Another container uses it.
            let _ = self.remove_volume(&mount.source);
        }
        self.events.container(&container, "destroy");
        Ok(())
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<()> {
        let Some(at) = self.volumes.iter().position(|volume| volume.name == name) else {
            return Err(Refusal::new(404, format!("get {name}: no such volume")));
        };
        let uses = |container: &&Container| {
            container.mounts.values().any(|mount| mount.kind == "volume" && mount.source == name)
        };
        let users: Vec<&str> = self.containers.iter().filter(uses).map(|container| container.id.as_str()).collect();
        if !users.is_empty() {
            let message = format!("remove {name}: volume is in use - [{}]", users.join(", "));
            return Err(Refusal::new(409, message));
        }
        self.volumes.remove(at);
        self.events.volume(name, "destroy");
        Ok(())
    }

    /// Unpacks a tar archive into a container.
    pub(super) fn copy_into(&mut self, reference: &str, path: &str, archive: &[u8]) -> Result<()> {
        let at = self.find(reference)?;
        let damaged = |error: std::io::Error| Refusal::new(500, error.to_string());
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let name = entry.path().map_err(damaged)?.display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(damaged)?;
            let file = format!("{}/{name}", path.trim_end_matches('/'));
            let content = Bytes::from(content);
            match self.in_volume(at, &file) {
                Some((volume, file)) => self.volumes[volume].files.insert(file, content),
                None => self.containers[at].files.insert(file, content),
            };
        }
        Ok(())
    }

    /// A file of a container that was copied into it before, as a tar archive.
    pub(super) fn copy_out_of(&self, reference: &str, path: &str) -> Result<Vec<u8>> {
        let at = self.find(reference)?;
        let content = match self.in_volume(at, path) {
            Some((volume, file)) => self.volumes[volume].files.get(&file),
            None => self.containers[at].files.get(path),
        };
        let missing = || {
            let id = &self.containers[at].id;
            Refusal::new(404, format!("Could not find the file {path} in container {id}"))
        };
        let content = content.ok_or_else(missing)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let mut archive = tar::Builder::new(Vec::new());
        let name = path.rsplit('/').next().unwrap_or_default();
        let written = archive.append_data(&mut header, name, content.as_ref()).and_then(|()| archive.into_inner());
        written.map_err(|error| Refusal::new(500, error.to_string()))
    }

    /// The place of the volume that a path of a container is in, and the path there.
    fn in_volume(&self, at: usize, path: &str) -> Option<(usize, String)> {
        let mounts = self.containers[at].mounts.iter().filter(|(_, mount)| mount.kind == "volume");
        let (rest, mount) = mounts.filter_map(|(target, mount)| Some((path.strip_prefix(target)?, mount))).next()?;
        let volume = self.volumes.iter().position(|volume| volume.name == mount.source)?;
        rest.starts_with('/').then(|| (volume, rest.to_owned()))
    }

    /// Prepares a command and returns its identifier.
    pub(super) fn create_execution(&mut self, reference: &str, body: &Value) -> Result<String> {
        let at = self.find(reference)?;
        self.needs_process(at)?;
        let (id, container) = (self.new_id(), self.containers[at].id.clone());
        self.executions.insert(id.clone(), (container, strings(&body["Cmd"])));
        Ok(id)
    }

    /// Runs a command. It ends at once, unless it is `sleep`.
    pub(super) fn start_execution(&mut self, id: &str) -> Result<()> {
        let (container, command) = self.execution(id)?.clone();
        let at = self.find(&container)?;
        self.needs_process(at)?;
        let words = command.join(" ");
        self.containers[at].executed.push(command.clone());
        let container = &self.containers[at];
        self.events.container_with(container, &format!("exec_start: {words}"), &[("execID", id)]);
        if let Some(code) = exit_code(&command) {
            self.events.container_with(container, "exec_die", &[("execID", id), ("exitCode", &code.to_string())]);
        }
        Ok(())
    }

    /// A command: its container and its words.
    pub(super) fn execution(&self, id: &str) -> Result<&(String, Vec<String>)> {
        let missing = || Refusal::new(404, format!("No such exec instance: {id}"));
        self.executions.get(id).ok_or_else(missing)
    }
}

/// The exit code of a command in a container; `None`: it runs on.
pub(super) fn exit_code(command: &[String]) -> Option<i64> {
    match command.first().map(String::as_str) {
        Some("sleep") => None,
        Some("false") => Some(1),
        _ => Some(0),
    }
}

fn overlap(one: &str, other: &str) -> bool {
    let all = |ip: &str| matches!(ip, "" | "0.0.0.0" | "::");
    all(one) || all(other) || one == other
}
