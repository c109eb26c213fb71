//! Files of version 1 (`Documentation/admin-guide/cgroup-v1/`).

use std::path::Path;

use super::read::Text;
use crate::proc::flat_keyed::{number, pairs, value_of};
use crate::proc::ticks::seconds;
use crate::resource_usage::{CpuTime, DeviceIo, Memory, Throttling, Usage, device};

/// A value above this is not a limit: the kernel writes the largest number of whole pages.
const UNLIMITED: u64 = 1 << 62;

pub(super) fn memory(folder: &Path, text: &mut Text, usage: &mut Usage) {
    let Some(bytes) = text.number(folder.join("memory.usage_in_bytes")) else { return };
    let mut memory = Memory { usage: bytes, working_set: bytes, ..Memory::default() };
    if let Some(text) = text.of(folder.join("memory.stat")) {
        memory = memory_stat(&text, memory);
    }
    memory.max_usage = text.number(folder.join("memory.max_usage_in_bytes"));
    memory.failcnt = text.number(folder.join("memory.failcnt"));
    memory.oom_kills = text.of(folder.join("memory.oom_control")).and_then(|text| value_of(&text, "oom_kill"));
    usage.memory = Some(memory);
    let mut limit = |name: &str| text.number(folder.join(name)).map(|limit| if limit > UNLIMITED { 0 } else { limit });
    usage.limits.memory = limit("memory.limit_in_bytes");
    usage.limits.memory_reservation = limit("memory.soft_limit_in_bytes");
    usage.limits.memory_swap = limit("memory.memsw.limit_in_bytes");
}

/// The `total_` lines include the cgroups below. An old kernel without hierarchy has only the other lines.
fn memory_stat(text: &str, mut memory: Memory) -> Memory {
    let mut inactive_file = 0;
    for (key, value) in pairs(text) {
        match key {
            "cache" | "total_cache" => memory.cache = value,
            "rss" | "total_rss" => memory.rss = value,
            "swap" | "total_swap" => memory.swap = value,
            "mapped_file" | "total_mapped_file" => memory.mapped_file = value,
            "pgfault" | "total_pgfault" => memory.page_faults = value,
            "pgmajfault" | "total_pgmajfault" => memory.major_page_faults = value,
            "total_inactive_file" => inactive_file = value,
            _ => {}
        }
    }
    memory.with_inactive_file(inactive_file)
}

pub(super) fn cpuacct(folder: &Path, text: &mut Text, usage: &mut Usage) {
    let Some(nanoseconds) = text.number(folder.join("cpuacct.usage")) else { return };
    let (mut user, mut system) = (0.0, 0.0);
    if let Some(text) = text.of(folder.join("cpuacct.stat")) {
        user = seconds(value_of(&text, "user").unwrap_or(0));
        system = seconds(value_of(&text, "system").unwrap_or(0));
    }
    usage.cpu = Some(CpuTime { total: nanoseconds as f64 / 1e9, user, system });
}

pub(super) fn cpu(folder: &Path, text: &mut Text, usage: &mut Usage) {
    let limits = &mut usage.limits;
    // -1 means no limit and does not parse as an unsigned number.
    limits.cpu_quota = text.number(folder.join("cpu.cfs_quota_us"));
    limits.cpu_period = text.number(folder.join("cpu.cfs_period_us"));
    limits.cpu_shares = text.number(folder.join("cpu.shares"));
    if limits.cpu_quota.is_some() {
        usage.throttling = text.of(folder.join("cpu.stat")).map(|text| throttling(&text));
    }
}

fn throttling(text: &str) -> Throttling {
    let value = |key| value_of(text, key).unwrap_or(0);
    Throttling {
        periods: value("nr_periods"),
        throttled_periods: value("nr_throttled"),
        throttled: value("throttled_time") as f64 / 1e9,
    }
}

pub(super) fn io(folder: &Path, text: &mut Text, usage: &mut Usage) {
    let mut read = |name: &str, set: fn(&mut DeviceIo, &str, u64)| {
        // Linux before 5.0 has only the file without the cgroups below.
        for name in [format!("{name}_recursive"), name.to_owned()] {
            if let Some(text) = text.of(folder.join(name)) {
                throttled_io(&text, &mut usage.io, set);
                break;
            }
        }
    };
    read("blkio.throttle.io_service_bytes", set_bytes);
    read("blkio.throttle.io_serviced", set_operations);
}

fn set_bytes(device: &mut DeviceIo, operation: &str, value: u64) {
    match operation {
        "Read" => device.read_bytes = value,
        "Write" => device.written_bytes = value,
        _ => {}
    }
}

fn set_operations(device: &mut DeviceIo, operation: &str, value: u64) {
    match operation {
        "Read" => device.reads = value,
        "Write" => device.writes = value,
        _ => {}
    }
}

/// Lines such as `254:0 Read 4096`; the last one is a sum.
fn throttled_io(text: &str, io: &mut Vec<DeviceIo>, set: fn(&mut DeviceIo, &str, u64)) {
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(operation), Some(value)) = (words.next(), words.next(), words.next()) else { continue };
        let numbers = name.split_once(':').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        if let (Some((major, minor)), Some(value)) = (numbers, number(value)) {
            set(device(io, major, minor), operation, value);
        }
    }
}

pub(super) fn parse_anything(text: &str) {
    let _ = memory_stat(text, Memory::default());
    let _ = throttling(text);
    let mut io = Vec::new();
    throttled_io(text, &mut io, set_bytes);
    throttled_io(text, &mut io, set_operations);
}
