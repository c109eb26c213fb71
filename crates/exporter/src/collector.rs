//! Collectors: what they are called, and what they return.

use crate::exposition::Family;

/// A part of the exporter that can be turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collector {
    /// Containers.
    Containers,
    /// The host: CPUs, memory, disks, network.
    Host,
    /// The host's file systems.
    Filesystem,
    /// Redis and Postgres.
    Databases,
}

impl Collector {
    /// All of them.
    pub const ALL: [Collector; 4] =
        [Collector::Containers, Collector::Host, Collector::Filesystem, Collector::Databases];

    /// Its name on the command line, in `collect[]` and in labels.
    pub fn name(self) -> &'static str {
        match self {
            Collector::Containers => "containers",
            Collector::Host => "host",
            Collector::Filesystem => "filesystem",
            Collector::Databases => "databases",
        }
    }
}

/// The result of one run of a collector.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) families: Vec<Family>,
    /// One sentence for each thing that could not be read. The families have the rest.
    pub(crate) errors: Vec<String>,
    /// Number of containers that are read from cgroup files and from the engine's streams.
    pub(crate) containers: Option<(usize, usize)>,
}
