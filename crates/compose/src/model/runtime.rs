//! What a service's containers are given besides networks and files.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Duration, ImageReference, Mapping, bytes};

/// `healthcheck`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Healthcheck {
    /// `["CMD", ...]`, `["CMD-SHELL", "..."]` or `["NONE"]`; empty: the image's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Time a probe may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Time between two probes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// Failures in a row that make a container unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Time from the start in which failures do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_period: Option<Duration>,
    /// Time between two probes within `start_period` (Engine API 1.44 and later).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_interval: Option<Duration>,
    /// Turn the image's health check off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disable: bool,
}

/// `logging`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logging {
    /// The logging driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The driver's options.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub options: IndexMap<String, String>,
}

/// One entry of `env_file`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvFile {
    /// The file (absolute).
    pub path: String,
    /// Whether the file must exist (default: yes).
    pub required: bool,
    /// `raw`: values are taken as they are; `None`: quotes and variables count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A command run at a moment of a container's life, or a container run before it starts (`pre_start`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// The command's words.
    pub command: Option<Vec<String>>,
    /// The image, for `pre_start`; `None`: the service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
    /// User to run as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Run with extended privileges.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// Working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Environment, added to the container's.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub environment: Mapping,
    /// Run for each replica, not once for the service.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub per_replica: bool,
}

/// A host device in the container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// Path on the host, or a CDI name.
    pub source: String,
    /// Path in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Cgroup permissions: `r`, `w`, `m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<String>,
}

/// A request for devices, like GPUs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceRequest {
    /// What the devices must be capable of: `gpu`, `tpu`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// How many; -1: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// Which ones; excludes `count`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_ids: Vec<String>,
    /// The driver's options.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub options: IndexMap<String, String>,
}

/// Limits of block devices.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlkioConfig {
    /// Relative share of bandwidth, 10 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
    /// The same by device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weight_device: Vec<WeightDevice>,
    /// Limits of reading, in bytes per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_read_bps: Vec<ThrottleDevice>,
    /// Limits of reading, in operations per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_read_iops: Vec<ThrottleDevice>,
    /// Limits of writing, in bytes per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_write_bps: Vec<ThrottleDevice>,
    /// Limits of writing, in operations per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_write_iops: Vec<ThrottleDevice>,
}

/// A device's share of bandwidth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeightDevice {
    /// The device's path.
    pub path: String,
    /// Its share, 10 to 1000.
    pub weight: u16,
}

/// A device's limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThrottleDevice {
    /// The device's path.
    pub path: String,
    /// Bytes or operations per second.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bytes")]
    pub rate: Option<i64>,
}

/// Credentials of a managed service account (Windows).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialSpec {
    /// The config that holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The file that holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The registry value that holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
}

/// A program outside the engine that provides a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// The program's name.
    pub r#type: String,
    /// Its options, each with one value or several.
    #[serde(skip_serializing_if = "IndexMap::is_empty", deserialize_with = "one_or_more")]
    pub options: IndexMap<String, Vec<String>>,
}

/// Reads options whose value may be written alone.
fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Values {
        One(String),
        Several(Vec<String>),
    }
    let options = IndexMap::<String, Values>::deserialize(deserializer)?;
    let several = |values| match values {
        Values::One(value) => vec![value],
        Values::Several(values) => values,
    };
    Ok(options.into_iter().map(|(key, values)| (key, several(values))).collect())
}

/// A limit of the container's processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ulimit {
    /// Soft and hard limit are the same.
    Single(i64),
    /// Soft and hard limit.
    Pair {
        /// The limit that applies.
        soft: i64,
        /// The limit up to which a process may raise the soft one.
        hard: i64,
    },
}
