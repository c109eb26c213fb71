//! What an engine has of a project, as its API shows it, without what differs from one run to the next: identifiers and times.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

/// A service and a number: what a container is one life of.
pub type Slot = (String, String);

/// What an engine has of a project.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The containers.
    pub containers: Vec<PicturedContainer>,
    /// The networks, as they are listed.
    pub networks: Vec<Value>,
    /// The volumes, as they are listed.
    pub volumes: Vec<Value>,
}

/// A container in a picture.
#[derive(Debug, Clone)]
pub struct PicturedContainer {
    /// Its inspection.
    pub inspection: Value,
    /// Files that were copied into it, by path.
    pub files: BTreeMap<String, Bytes>,
}

impl PicturedContainer {
    fn text(&self, pointer: &str) -> &str {
        text(&self.inspection, pointer)
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("/Id")
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/Name").trim_start_matches('/')
    }

    /// Whether its process exists.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.text("/State/Status"), "running" | "paused")
    }

    /// Which of its lives this is: its identifier and the time of its last start.
    #[must_use]
    pub fn life(&self) -> (&str, &str) {
        (self.id(), self.text("/State/StartedAt"))
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.inspection["Config"]["Labels"][format!("com.docker.compose.{key}")].as_str()
    }

    /// The service and the number of a replica; none of a container of `run` or of a hook.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        let slot = (self.label("service")?.to_owned(), self.label("container-number")?.to_owned());
        Some(slot).filter(|_| self.label("oneoff") != Some("True"))
    }

    /// What is mounted, by path: the kind, and the volume's name or the path on the host.
    fn mounts(&self) -> BTreeMap<&str, (&str, &str)> {
        let mounts = self.inspection["Mounts"].as_array().into_iter().flatten();
        let entry = |mount| {
            let source = if text(mount, "/Type") == "volume" { "/Name" } else { "/Source" };
            (text(mount, "/Destination"), (text(mount, "/Type"), text(mount, source)))
        };
        mounts.map(entry).collect()
    }

    /// Its anonymous volumes by path.
    fn anonymous_volumes(&self) -> BTreeMap<String, String> {
        let anonymous = self.mounts().into_iter().filter(|(_, (_, source))| is_generated(source));
        anonymous.map(|(path, (_, source))| (path.to_owned(), source.to_owned())).collect()
    }
}

impl Picture {
    /// What is there, one line for each thing. Anonymous volumes are counted.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.containers.iter().map(|container| self.line(container)).collect();
        let network = |network: &Value| {
            format!(
                "network {} driver={} labels={}",
                text(network, "/Name"),
                text(network, "/Driver"),
                network["Labels"]
            )
        };
        lines.extend(self.networks.iter().map(network));
        let (anonymous, named): (Vec<_>, Vec<_>) =
            self.volumes.iter().partition(|volume| is_generated(text(volume, "/Name")));
        lines
            .extend(named.iter().map(|volume| format!("volume {} labels={}", text(volume, "/Name"), volume["Labels"])));
        lines.push(format!("{} anonymous volumes", anonymous.len()));
        lines.sort();
        lines
    }

    fn line(&self, container: &PicturedContainer) -> String {
        let joined = container.inspection["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
        let joined: Vec<String> = joined
            .map(|(name, attachment)| {
                let id = text(attachment, "/NetworkID");
                let found = self.networks.iter().find(|network| text(network, "/Id") == id);
                let state = match found {
                    Some(network) if text(network, "/Name") == name => "",
                    _ => " (not the network of this name)",
                };
                let aliases = attachment["Aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let aliases: BTreeSet<&str> = aliases.filter(|alias| !container.id().starts_with(alias)).collect();
                format!("{name}{state} as {aliases:?}")
            })
            .collect();
        let mode = container.text("/HostConfig/NetworkMode");
        let mode = match mode.strip_prefix("container:") {
            Some(id) => {
                let owner = self.containers.iter().find(|owner| owner.id() == id).map(PicturedContainer::name);
                format!("that of {}", owner.unwrap_or("a container that is gone"))
            }
            None => mode.to_owned(),
        };
        let mounts: BTreeMap<&str, &str> = container
            .mounts()
            .into_iter()
            .map(|(path, (_, source))| (path, if is_generated(source) { "anonymous" } else { source }))
            .collect();
        let ports = container.inspection["NetworkSettings"]["Ports"].as_object().into_iter().flatten();
        let ports = ports.flat_map(|(_, bindings)| bindings.as_array().into_iter().flatten());
        let ports: BTreeSet<&str> = ports.map(|binding| text(binding, "/HostPort")).collect();
        format!(
            "container {} {} code={} networks={joined:?} mode={mode} mounts={mounts:?} ports={ports:?} files={:?} \
             environment={}",
            container.name(),
            container.text("/State/Status"),
            container.inspection["State"]["ExitCode"],
            container.files,
            container.inspection["Config"]["Env"],
        )
    }

    /// The anonymous volumes of each slot, by path.
    #[must_use]
    pub fn anonymous_volumes(&self) -> BTreeMap<Slot, BTreeMap<String, String>> {
        let of = |container: &PicturedContainer| Some((container.slot()?, container.anonymous_volumes()));
        self.containers.iter().filter_map(of).collect()
    }

    /// Slots of which a container runs.
    #[must_use]
    pub fn running(&self) -> BTreeSet<Slot> {
        self.containers.iter().filter(|container| container.is_up()).filter_map(PicturedContainer::slot).collect()
    }

    /// The identifiers of all containers and networks.
    #[must_use]
    pub fn identifiers(&self) -> Vec<String> {
        let networks = self.networks.iter().map(|network| text(network, "/Id"));
        self.containers.iter().map(PicturedContainer::id).chain(networks).map(str::to_owned).collect()
    }

    /// The anonymous volumes that no container has.
    #[must_use]
    pub fn unused_volumes(&self) -> BTreeSet<String> {
        let mounts = self.containers.iter().flat_map(|container| container.anonymous_volumes().into_values());
        let used: BTreeSet<String> = mounts.collect();
        self.volume_names().into_iter().filter(|name| is_generated(name) && !used.contains(name)).collect()
    }

    /// The volumes' names.
    #[must_use]
    pub fn volume_names(&self) -> BTreeSet<String> {
        self.volumes.iter().map(|volume| text(volume, "/Name").to_owned()).collect()
    }
}

/// What is there and should not be, and what is not there and should be; empty if the lines are the same.
#[must_use]
pub fn difference(found: &[String], wanted: &[String]) -> String {
    let lines = |sign: &'static str, of: &[String], other: &[String]| -> String {
        of.iter().filter(|line| !other.contains(line)).map(|line| format!("\n      {sign} {line}")).collect()
    };
    lines("+", found, wanted) + &lines("-", wanted, found)
}

/// The engine makes a name of 32 random bytes for a volume without one.
fn is_generated(name: &str) -> bool {
    name.len() == 64
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
