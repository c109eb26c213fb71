//! What a simulated engine keeps.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

/// A container.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The name, without the slash in front.
    pub name: String,
    /// The image's name, as it was given.
    pub image: String,
    /// The image's identifier.
    pub image_id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment: `KEY=VALUE`.
    pub environment: Vec<String>,
    /// What it does.
    pub status: Status,
    /// The exit code of its last run, or of the attempt to start it.
    pub exit_code: i64,
    /// Why it could not be started.
    pub error: String,
    /// The state of its health check, if it has one and runs.
    pub health: Option<Health>,
    /// Its networks by name; none if it is in the network namespace of another container.
    pub networks: BTreeMap<String, Attachment>,
    /// `bridge`, a network's name, or `container:` and an identifier.
    pub network_mode: String,
    /// Its mounts, by path.
    pub mounts: BTreeMap<String, Mount>,
    /// Ports that it publishes while it runs.
    pub ports: Vec<Port>,
    /// Files that were copied into it, by path.
    pub files: BTreeMap<String, Bytes>,
    /// Commands that were run in it.
    pub executed: Vec<Vec<String>>,
    /// How often it was started.
    pub starts: u32,
    pub(super) created: i64,
    pub(super) started: Option<i64>,
    pub(super) finished: Option<i64>,
    /// The body of the request that created it.
    pub(super) body: Value,
}

impl Container {
    /// Whether its process exists.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused)
    }

    pub(super) fn command(&self) -> Vec<String> {
        strings(&self.body["Entrypoint"]).into_iter().chain(strings(&self.body["Cmd"])).collect()
    }
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was never started.
    Created,
    /// It runs.
    Running,
    /// Its processes are frozen.
    Paused,
    /// It has ended.
    Exited,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Exited => "exited",
        }
    }
}

/// The state of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// No probe has decided yet.
    Starting,
    /// The last probe has succeeded.
    Healthy,
    /// Too many probes have failed.
    Unhealthy,
}

impl Health {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Health::Starting => "starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        }
    }
}

/// A container's part in a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The network's identifier. `None` before the first start: only the name is known until then.
    pub network: Option<String>,
    /// The container's names in the network.
    pub aliases: BTreeSet<String>,
}

/// A mount of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `volume`, `bind` or `tmpfs`.
    pub kind: String,
    /// The volume's name, or the path on the host.
    pub source: String,
    /// Whether the container was created without a name for the volume.
    pub anonymous: bool,
}

/// A port that a container publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Port in the container.
    pub target: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Host address; empty for all.
    pub ip: String,
    /// Host port. `None`: the engine chooses one at each start.
    pub asked: Option<u16>,
    /// Host port while the container runs.
    pub published: Option<u16>,
}

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The name. Several networks may have the same one.
    pub name: String,
    /// The driver: `bridge`.
    pub driver: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    pub(super) created: i64,
    pub(super) body: Value,
}

impl Network {
    /// Whether every engine has it.
    pub(super) fn is_predefined(&self) -> bool {
        matches!(self.name.as_str(), "bridge" | "host" | "none")
    }
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was created, in nanoseconds since 1970. Tells a volume from an earlier one with its name.
    pub created: i64,
    /// Files that were copied into it, by the path in the volume.
    pub files: BTreeMap<String, Bytes>,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) id: String,
    /// With its tag.
    pub(super) name: String,
    /// Paths of its anonymous volumes.
    pub(super) volumes: Vec<String>,
}

/// The strings of an array, or none.
pub(super) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The string values of an object, or none.
pub(super) fn map(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}
