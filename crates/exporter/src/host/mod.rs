//! The host, from `/proc`, under node_exporter's names.

mod cpu;
pub(crate) mod filesystem;
pub(crate) mod metrics;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cgroup::Text;
use crate::collector::Collected;
use crate::description::Description;
use crate::families::Families;
use crate::proc::flat_keyed::{pairs, pressure};
use crate::proc::netdev::interfaces;
use crate::proc::{diskstats, meminfo};
use crate::resource_usage::Traffic;
use metrics as of;

/// Bytes of a sector in `/proc/diskstats`, whatever the disk's own sectors have.
const SECTOR: f64 = 512.0;

/// Reads the host's files.
#[derive(Debug)]
pub(crate) struct Host {
    procfs: PathBuf,
    text: Text,
    families: Families,
    errors: Vec<String>,
}

impl Host {
    pub(crate) fn new(procfs: &Path) -> Self {
        Host { procfs: procfs.to_owned(), text: Text::default(), families: Families::default(), errors: Vec::new() }
    }

    /// The host's families. Reads files, so it blocks.
    pub(crate) fn collect(&mut self) -> Collected {
        self.time_and_name();
        self.file("stat", cpu::stat);
        self.file("loadavg", load);
        self.file("meminfo", memory);
        self.file("vmstat", vmstat);
        self.file("diskstats", disks);
        self.file("sys/fs/file-nr", files);
        // The first process is in the host's network. `net/dev` alone would be that of this process.
        match self.procfs.join("1/net/dev").exists() {
            true => self.file("1/net/dev", network),
            false => self.file("net/dev", network),
        }
        self.optional("sys/net/netfilter/nf_conntrack_count", |text, families| {
            number(text, families, &of::CONNTRACK_ENTRIES)
        });
        self.optional("sys/net/netfilter/nf_conntrack_max", |text, families| {
            number(text, families, &of::CONNTRACK_LIMIT)
        });
        self.optional("pressure/cpu", |text, families| stalls(text, families, &of::PRESSURE_CPU, None));
        self.optional("pressure/io", |text, families| {
            stalls(text, families, &of::PRESSURE_IO, Some(&of::PRESSURE_IO_FULL))
        });
        self.optional("pressure/memory", |text, families| {
            stalls(text, families, &of::PRESSURE_MEMORY, Some(&of::PRESSURE_MEMORY_FULL));
        });
        Collected {
            families: std::mem::take(&mut self.families).into_vec(),
            errors: std::mem::take(&mut self.errors),
            containers: None,
        }
    }

    /// The time and the name of the host, which no file has.
    fn time_and_name(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.families.add(&of::TIME, &[], now.as_secs_f64());
        let uname = rustix::system::uname();
        let parts =
            [uname.sysname(), uname.release(), uname.version(), uname.machine(), uname.nodename(), uname.domainname()];
        let parts = parts.map(|part| part.to_string_lossy().into_owned());
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.families.add(&of::UNAME, &parts, 1.0);
    }

    fn file(&mut self, name: &str, add: fn(&str, &mut Families)) {
        let path = self.procfs.join(name);
        match self.text.try_of(&path) {
            Ok(text) => add(&text, &mut self.families),
            Err(error) => self.errors.push(format!("cannot read {}: {error}", path.display())),
        }
    }

    /// A file that not every kernel has.
    fn optional(&mut self, name: &str, add: fn(&str, &mut Families)) {
        if let Some(text) = self.text.of(self.procfs.join(name)) {
            add(&text, &mut self.families);
        }
    }
}

fn number(text: &str, families: &mut Families, description: &Description) {
    if let Some(value) = crate::proc::flat_keyed::number(text) {
        families.add(description, &[], value as f64);
    }
}

fn stalls(text: &str, families: &mut Families, some: &Description, full: Option<&Description>) {
    for (line, description) in [("some", Some(some)), ("full", full)] {
        if let (Some(seconds), Some(description)) = (pressure(text, line), description) {
            families.add(description, &[], seconds);
        }
    }
}

/// `0.52 0.58 0.59 1/467 12345`.
fn load(text: &str, families: &mut Families) {
    for (word, description) in text.split_whitespace().zip([&of::LOAD1, &of::LOAD5, &of::LOAD15]) {
        if let Ok(load) = word.parse::<f64>() {
            families.add(description, &[], load);
        }
    }
}

fn memory(text: &str, families: &mut Families) {
    for (field, value) in meminfo::fields(text) {
        let is_it = |description: &&Description| {
            let name = description.name.strip_prefix("node_memory_").and_then(|name| name.strip_suffix("_bytes"));
            name == Some(field)
        };
        if let Some(description) = of::MEMORY.iter().find(is_it) {
            families.add(description, &[], value as f64);
        }
    }
}

fn vmstat(text: &str, families: &mut Families) {
    for (line, value) in pairs(text) {
        let is_it = |description: &&Description| description.name.strip_prefix("node_vmstat_") == Some(line);
        if let Some(description) = of::VMSTAT.iter().find(is_it) {
            families.add(description, &[], value as f64);
        }
    }
}

fn disks(text: &str, families: &mut Families) {
    for disk in diskstats::disks(text).filter(|disk| !diskstats::is_left_out(disk.name)) {
        for (description, value) in of::DISK.iter().zip(&disk.values) {
            let value = *value as f64;
            let value = match description.name {
                name if name.ends_with("_bytes_total") => value * SECTOR,
                // The kernel counts milliseconds.
                name if name.ends_with("_seconds_total") => value * 0.001,
                _ => value,
            };
            families.add(description, &[disk.name], value);
        }
    }
}

/// `1184 0 1048576`: open, free, at most.
fn files(text: &str, families: &mut Families) {
    let mut words = text.split_whitespace().map(str::parse::<f64>);
    if let (Some(Ok(open)), Some(_), Some(Ok(most))) = (words.next(), words.next(), words.next()) {
        families.add(&of::FILES_ALLOCATED, &[], open);
        families.add(&of::FILES_MAXIMUM, &[], most);
    }
}

fn network(text: &str, families: &mut Families) {
    let values = |traffic: Traffic| [traffic.bytes, traffic.packets, traffic.errors, traffic.dropped];
    // The loopback interface is left out, like in Debian's node_exporter.
    for interface in interfaces(text).filter(|interface| interface.name != "lo") {
        let values = values(interface.received).into_iter().chain(values(interface.transmitted));
        for (description, value) in of::NETWORK.iter().zip(values) {
            families.add(description, &[&interface.name], value as f64);
        }
    }
}

/// For property tests and the fuzzer: no text makes it panic.
pub(crate) fn parse_anything(text: &str) {
    let mut families = Families::default();
    for tell in [cpu::stat, load, memory, vmstat, disks, files, network] {
        tell(text, &mut families);
    }
    stalls(text, &mut families, &of::PRESSURE_IO, Some(&of::PRESSURE_IO_FULL));
    number(text, &mut families, &of::CONNTRACK_ENTRIES);
    let _ = filesystem::file_systems(text.as_bytes(), Path::new("/host"));
    let _ = families.finish();
}

#[cfg(test)]
mod tests;
