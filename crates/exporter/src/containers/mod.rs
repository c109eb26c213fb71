//! Containers: which ones exist, what they use, and the metrics of that.
//!
//! The engine's roster lists the containers. Each scrape reads what a container uses from the files of its cgroup, so
//! only the event stream runs between scrapes. Where the files are out of reach (Docker Desktop, an engine on another
//! machine), one stats stream per container replaces them.

pub(crate) mod container;
pub(crate) mod inventory;
mod labels;
mod layers;
pub(crate) mod metrics;
mod streams;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::cgroup::{self, Cgroups, Place, Text};
use crate::collector::Collected;
use crate::families::Families;
use crate::proc::mounts::{device_of, mounts};
use crate::proc::netdev::interfaces;
use crate::resource_usage::Usage;
use container::Container;
use inventory::Inventory;
pub use labels::SameName;
pub(crate) use labels::{Labels, sanitised};
use layers::Layers;
use metrics::{Devices, Row};
use streams::Streams;

/// Prefixes of interfaces that do not belong to a container. cAdvisor leaves out the same ones.
const FOREIGN_INTERFACES: [&str; 3] = ["lo", "veth", "docker"];

/// Turns what is known about the containers into metric families.
#[derive(Debug)]
pub(crate) struct Containers {
    inventory: watch::Receiver<Inventory>,
    procfs: PathBuf,
    cgroups: Cgroups,
    labels: Labels,
    more: bool,
    places: HashMap<String, (u32, Place)>,
    streams: Streams,
    layers: Layers,
    text: Text,
}

/// What to collect.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) procfs: PathBuf,
    pub(crate) labels: Labels,
    /// Whether to include the metrics that few dashboards use.
    pub(crate) more: bool,
    /// The maximum age of a layer's size. `None`: sizes are not collected.
    pub(crate) layer_sizes_every: Option<Duration>,
}

impl Containers {
    /// Finds out where cgroups are mounted from `mountinfo`, which belongs to this process.
    pub(crate) fn new(inventory: watch::Receiver<Inventory>, settings: Settings, mountinfo: &str) -> Self {
        Containers {
            inventory,
            cgroups: Cgroups::new(&settings.procfs, mountinfo),
            procfs: settings.procfs,
            labels: settings.labels,
            more: settings.more,
            places: HashMap::new(),
            streams: Streams::default(),
            layers: Layers::new(settings.layer_sizes_every),
            text: Text::default(),
        }
    }

    /// Collects from all containers. It reads files and therefore blocks. It must run within a Tokio runtime.
    pub(crate) fn collect(&mut self) -> Collected {
        let inventory = self.inventory.borrow().clone();
        let mut families = Families::default();
        let mut collected = Collected::default();
        collected.errors.extend(inventory.error.clone());
        let (devices, layer_device) = (self.devices(), self.layer_device(inventory.root_folder.as_deref()));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let (mut read, mut streamed, mut shown) = (0, BTreeSet::new(), Vec::new());
        for container in inventory.containers.values().filter(|container| container.pid.is_some() || container.missed) {
            let usage = match container.pid {
                Some(pid) => match self.read_files(container, pid) {
                    Some(usage) => {
                        read += 1;
                        Some(usage)
                    }
                    None => {
                        streamed.insert(container.id.clone());
                        self.streams.last(&container.id).map(|usage| Usage { limits: container.limits, ..usage })
                    }
                },
                None => None,
            };
            let path = self.places.get(&container.id).map(|(_, place)| place.path.as_str());
            let labels = self.labels.of(container, path);
            let mut row = Row { families: &mut families, labels: &labels, devices: &devices, more: self.more };
            row.container(container, now);
            if let Some(usage) = usage {
                row.usage(&usage, container.oom_events);
                if let Some(bytes) = self.layers.of(&container.id) {
                    row.layer(&layer_device, bytes);
                }
            }
            shown.push(container.id.clone());
        }
        // A container between two restarts keeps the path, so that its series do too.
        self.places.retain(|id, _| inventory.containers.contains_key(id));
        if let Some(engine) = &inventory.engine {
            self.streams.keep(engine, &streamed);
            self.layers.refresh(engine, shown);
        }
        self.machine(&mut families);
        collected.families = families.into_vec();
        collected.containers = Some((read, self.streams.len()));
        collected
    }

    fn read_files(&mut self, container: &Container, pid: u32) -> Option<Usage> {
        let known = self.places.get(&container.id).is_some_and(|(known, _)| *known == pid);
        if !known {
            match self.cgroups.find(&container.id, pid) {
                Ok(place) => self.places.insert(container.id.clone(), (pid, place)),
                Err(error) => {
                    tracing::debug!(container = container.name, %error, "no cgroup files");
                    self.places.remove(&container.id)
                }
            };
        }
        let (_, place) = self.places.get(&container.id)?;
        let mut usage = cgroup::read(place, &mut self.text)?;
        if container.own_network {
            let path = self.procfs.join(pid.to_string()).join("net/dev");
            if let Some(text) = self.text.of(path) {
                usage.network = interfaces(&text)
                    .filter(|interface| !FOREIGN_INTERFACES.iter().any(|foreign| interface.name.starts_with(foreign)))
                    .collect();
            }
        }
        Some(usage)
    }

    fn devices(&mut self) -> Devices {
        let text = self.text.of(self.procfs.join("diskstats")).unwrap_or_default();
        crate::proc::diskstats::disks(&text).map(|disk| ((disk.major, disk.minor), disk.name.to_owned())).collect()
    }

    fn layer_device(&mut self, root_folder: Option<&str>) -> String {
        let text = self.text.of(self.procfs.join("1/mountinfo")).unwrap_or_default();
        root_folder.and_then(|folder| device_of(folder, &mounts(&text))).unwrap_or_default()
    }

    fn machine(&mut self, families: &mut Families) {
        let cpus = self.text.of(self.procfs.join("stat")).map(|text| {
            let numbered = |line: &&str| {
                line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            text.lines().filter(numbered).count() as u64
        });
        let text = self.text.of(self.procfs.join("meminfo")).unwrap_or_default();
        let bytes = |key: &str| crate::proc::meminfo::bytes(&text, key);
        metrics::machine(families, cpus, bytes("MemTotal"), bytes("SwapTotal"));
    }
}

#[cfg(test)]
mod tests;
