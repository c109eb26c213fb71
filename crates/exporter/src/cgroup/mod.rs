//! A container's cgroup: its folder and its files.
//!
//! No path is guessed: `/proc/<pid>/cgroup` has the place of the container's first process in each hierarchy, and
//! `/proc/self/mountinfo` has the mounts of the hierarchies. Version 1 or version 2 is decided for each controller, because
//! both may be in use side by side.

mod place;
mod read;
mod v1;
mod v2;

use std::path::{Path, PathBuf};

pub(crate) use place::{Folder, Place, place};
pub(crate) use read::Text;

use crate::proc::mounts::{Mount, mounts};
use crate::resource_usage::Usage;

/// The cgroup hierarchies that can be read from here.
#[derive(Debug)]
pub(crate) struct Cgroups {
    procfs: PathBuf,
    hierarchies: Vec<place::Hierarchy>,
}

/// Why a container's cgroup cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    /// This `/proc` does not have the process.
    #[error("cannot read {}: {source}", path.display())]
    Process { path: PathBuf, source: std::io::Error },
    /// The process belongs to something else, or its cgroup is outside of what is mounted here.
    #[error("{} names no cgroup of the container that is mounted here", path.display())]
    Place { path: PathBuf },
}

impl Cgroups {
    /// The hierarchies of `mountinfo`. Processes are read from `procfs`.
    pub(crate) fn new(procfs: &Path, mountinfo: &str) -> Self {
        let mounts: Vec<Mount> =
            mounts(mountinfo).into_iter().filter(|mount| matches!(mount.kind.as_str(), "cgroup" | "cgroup2")).collect();
        let hierarchies = mounts.iter().map(|mount| place::hierarchy(mount, &mounts)).collect();
        Cgroups { procfs: procfs.to_owned(), hierarchies }
    }

    /// Finds the cgroup of the container `id`, whose first process is `pid`.
    pub(crate) fn find(&self, id: &str, pid: u32) -> Result<Place, Unreachable> {
        let path = self.procfs.join(pid.to_string()).join("cgroup");
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(source) => return Err(Unreachable::Process { path, source }),
        };
        place(&text, &self.hierarchies, id).ok_or(Unreachable::Place { path })
    }
}

/// Reads the files of a cgroup. `None` if it is gone.
pub(crate) fn read(place: &Place, text: &mut Text) -> Option<Usage> {
    let mut usage = Usage::default();
    match &place.memory {
        Some(Folder::V1(folder)) => v1::memory(folder, text, &mut usage),
        Some(Folder::V2(folder)) => v2::memory(folder, text, &mut usage),
        None => {}
    }
    match &place.cpuacct {
        Some(Folder::V1(folder)) => v1::cpuacct(folder, text, &mut usage),
        Some(Folder::V2(folder)) => v2::cpu_time(folder, text, &mut usage),
        None => {}
    }
    match &place.cpu {
        Some(Folder::V1(folder)) => v1::cpu(folder, text, &mut usage),
        Some(Folder::V2(folder)) => v2::cpu_limits(folder, text, &mut usage),
        None => {}
    }
    match &place.io {
        Some(Folder::V1(folder)) => v1::io(folder, text, &mut usage),
        Some(Folder::V2(folder)) => v2::io(folder, text, &mut usage),
        None => {}
    }
    match &place.pids {
        Some(Folder::V1(folder) | Folder::V2(folder)) => read::pids(folder, text, &mut usage),
        None => {}
    }
    (usage.cpu.is_some() || usage.memory.is_some()).then_some(usage)
}

/// For property tests and the fuzzer: no text makes it panic.
pub(crate) fn parse_anything(text: &str) {
    let mounts = mounts(text);
    let hierarchies: Vec<_> = mounts.iter().map(|mount| place::hierarchy(mount, &[])).collect();
    let _ = place(text, &hierarchies, "0123456789ab");
    let _ = place::joined(text, text);
    v1::parse_anything(text);
    v2::parse_anything(text);
}

#[cfg(test)]
mod tests;
