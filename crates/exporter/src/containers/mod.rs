//! Containers: which ones there are, what they use, and what of that becomes metrics.
//!
//! The engine is asked to list and to inspect, and its events are followed; what a container uses is read from its
//! cgroup's files at each scrape. Nothing runs between scrapes but the event stream. Where files are out of reach
//! (Docker Desktop, an engine on another machine) a stats stream for each container takes their place.

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

/// Interfaces that are no container's own, by the beginning of their names; cAdvisor leaves out the same.
const FOREIGN_INTERFACES: [&str; 3] = ["lo", "veth", "docker"];

/// Turns what is known of the containers into families.
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

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) procfs: PathBuf,
    pub(crate) labels: Labels,
    /// Whether the metrics that fewer dashboards use are made, too.
    pub(crate) more: bool,
    /// How old a layer's size may be; none: sizes are not asked for.
    pub(crate) layer_sizes_every: Option<Duration>,
}

impl Containers {
    /// Reads where cgroups are mounted from `mountinfo`, which is this process' own.
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

    /// One look at all containers. Reads files, and so blocks; runs within a Tokio runtime.
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
        // One that is to be started again keeps the path that its series have.
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
