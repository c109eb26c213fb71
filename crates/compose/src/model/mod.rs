//! The `Project`: what a set of Compose files means, with every short form written out.
//!
//! Serializing a [`Project`] gives the canonical form that `docker compose config` prints.

mod build;
pub(crate) mod decode;
mod deploy;
mod duration;
mod image;
mod mount;
mod policies;
mod ports;
mod queries;
pub(crate) mod references;
mod resource;
mod runtime;
mod service;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use build::{Build, Develop, Trigger};
pub use deploy::{
    Deploy, DeployRestartPolicy, DiscreteResource, GenericResource, Placement, PlacementPreference, Reservations,
    ResourceLimits, Resources, UpdateConfig,
};
pub use duration::{Duration, NotADuration};
pub use image::ImageReference;
pub use mount::{
    BindOptions, FileMount, ImageMountOptions, Mount, MountKind, ServiceNetwork, TmpfsOptions, VolumeOptions,
};
pub use policies::{Interval, NotAPullPolicy, PullPolicy, RestartPolicy};
pub use ports::{ExposedPorts, Port, PortRange, PortRangeError, Protocol};
pub use references::{Link, Namespace, VolumesFrom, VolumesSource};
pub use resource::{Concealed, FileObject, Ipam, IpamPool, Model, Network, ServiceModel, Volume};
pub use runtime::{
    BlkioConfig, CredentialSpec, Device, DeviceRequest, EnvFile, Healthcheck, Hook, Logging, Provider, ThrottleDevice,
    Ulimit, WeightDevice,
};
pub use service::{Condition, Dependency, Service};

use crate::report::place::Places;

/// A list of `KEY=value` pairs; `None` is a key without a value (taken from the environment, or unset).
pub type Mapping = IndexMap<String, Option<String>>;

/// What gave a project its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NameOrigin {
    /// The caller: `-p`, or code.
    #[default]
    Caller,
    /// `COMPOSE_PROJECT_NAME`, in the environment or in an env file.
    Environment,
    /// `name` in a Compose file.
    File,
    /// The name of the project's directory.
    Directory,
}

/// A multi-container application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// The project's name: `[a-z0-9][a-z0-9_-]*`.
    pub name: String,
    /// The services that the active profiles enable, in name order.
    pub services: BTreeMap<String, Service>,
    /// Networks by their key in the file; `default` is there when a service uses it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<String, Network>,
    /// Named volumes by their key in the file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, Volume>,
    /// Secrets by their key in the file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, FileObject>,
    /// Configs by their key in the file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<String, FileObject>,
    /// AI models by their key in the file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Model>,
    /// Keys of the author's own (`x-*`).
    #[serde(flatten, skip_deserializing)]
    pub extensions: IndexMap<String, serde_json::Value>,
    /// Directory that relative paths were resolved against (absolute).
    #[serde(skip)]
    pub working_dir: PathBuf,
    /// The Compose files, in the order they were merged (absolute).
    #[serde(skip)]
    pub files: Vec<PathBuf>,
    /// What gave the project its name.
    #[serde(skip)]
    pub name_origin: NameOrigin,
    /// Names of containers and built images are joined by `_`, as Compose 1 did it (`--compatibility`), not by `-`.
    #[serde(skip)]
    pub compatibility: bool,
    /// The platform of images whose service names none (`DOCKER_DEFAULT_PLATFORM`); `None`: the engine's own.
    #[serde(skip)]
    pub default_platform: Option<String>,
    /// Services that exist in the files but belong to no active profile.
    #[serde(skip)]
    pub disabled_services: BTreeMap<String, Service>,
    /// Where each element was written, by its path (`services.web.ports[0]`).
    #[serde(skip)]
    pub places: Places,
}

/// Writes a size as Compose does: the number of bytes, as text.
fn bytes<S: serde::Serializer>(size: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match size {
        Some(size) => serializer.collect_str(size),
        None => serializer.serialize_none(),
    }
}

fn octal<S: serde::Serializer>(mode: &Option<u32>, serializer: S) -> Result<S::Ok, S::Error> {
    match mode {
        Some(mode) => serializer.collect_str(&format_args!("0{mode:o}")),
        None => serializer.serialize_none(),
    }
}
