//! Files of version 2 (`Documentation/admin-guide/cgroup-v2.rst`).

use std::path::Path;

use super::read::Text;
use crate::proc::flat_keyed::{field, number, pairs, pressure, value_of};
use crate::resource_usage::{CpuTime, DeviceIo, Memory, Stall, Throttling, Usage, device};

pub(super) fn memory(folder: &Path, text: &mut Text, usage: &mut Usage) {
    let Some(bytes) = text.number(folder.join("memory.current")) else { return };
    let mut memory = Memory { usage: bytes, working_set: bytes, ..Memory::default() };
    if let Some(text) = text.of(folder.join("memory.stat")) {
        memory = memory_stat(&text, memory);
    }
    memory.swap = text.number(folder.join("memory.swap.current")).unwrap_or(0);
    memory.max_usage = text.number(folder.join("memory.peak"));
    if let Some(text) = text.of(folder.join("memory.events")) {
        memory.failcnt = value_of(&text, "max");
        memory.oom_kills = value_of(&text, "oom_kill");
    }
    usage.memory = Some(memory);
    let mut limit = |name: &str| text.of(folder.join(name)).map(|text| number(&text).unwrap_or(0));
    usage.limits.memory = limit("memory.max");
    // The engine sets it for a reservation.
    usage.limits.memory_reservation = limit("memory.low");
    usage.limits.memory_swap = limit("memory.swap.max");
    usage.pressure.memory = text.of(folder.join("memory.pressure")).and_then(|text| stall(&text));
}

fn memory_stat(text: &str, mut memory: Memory) -> Memory {
    let mut inactive_file = 0;
    for (key, value) in pairs(text) {
        match key {
            "file" => memory.cache = value,
            "anon" => memory.rss = value,
            "file_mapped" => memory.mapped_file = value,
            "pgfault" => memory.page_faults = value,
            "pgmajfault" => memory.major_page_faults = value,
            "inactive_file" => inactive_file = value,
            _ => {}
        }
    }
    memory.with_inactive_file(inactive_file)
}

/// Throttling is in the same file, with or without a limit.
pub(super) fn cpu_time(folder: &Path, text: &mut Text, usage: &mut Usage) {
    if let Some(text) = text.of(folder.join("cpu.stat")) {
        (usage.cpu, usage.throttling) = cpu_stat(&text);
    }
    usage.pressure.cpu = text.of(folder.join("cpu.pressure")).and_then(|text| stall(&text));
}

fn cpu_stat(text: &str) -> (Option<CpuTime>, Option<Throttling>) {
    let value = |key| value_of(text, key);
    let seconds = |key| value(key).unwrap_or(0) as f64 / 1e6;
    let time = value("usage_usec").map(|total| CpuTime {
        total: total as f64 / 1e6,
        user: seconds("user_usec"),
        system: seconds("system_usec"),
    });
    let throttling = value("nr_periods").map(|periods| Throttling {
        periods,
        throttled_periods: value("nr_throttled").unwrap_or(0),
        throttled: seconds("throttled_usec"),
    });
    (time, throttling)
}

pub(super) fn cpu_limits(folder: &Path, text: &mut Text, usage: &mut Usage) {
    let limits = &mut usage.limits;
    if let Some(text) = text.of(folder.join("cpu.max")) {
        (limits.cpu_quota, limits.cpu_period) = cpu_max(&text);
    }
    limits.cpu_shares = text.number(folder.join("cpu.weight")).and_then(shares);
    if limits.cpu_quota.is_none() {
        usage.throttling = None;
    }
}

/// `max 100000` or `50000 100000`.
fn cpu_max(text: &str) -> (Option<u64>, Option<u64>) {
    let mut words = text.split_whitespace();
    (words.next().and_then(number), words.next().and_then(number))
}

/// A weight of 1 to 10000 in version 1's scale, the inverse of what the container runtime (runc) computes.
fn shares(weight: u64) -> Option<u64> {
    (1..=10_000).contains(&weight).then(|| 2 + (weight - 1) * 262_142 / 9999)
}

pub(super) fn io(folder: &Path, text: &mut Text, usage: &mut Usage) {
    if let Some(text) = text.of(folder.join("io.stat")) {
        io_stat(&text, &mut usage.io);
    }
    usage.pressure.io = text.of(folder.join("io.pressure")).and_then(|text| stall(&text));
}

/// Lines such as `254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`.
fn io_stat(text: &str, io: &mut Vec<DeviceIo>) {
    for line in text.lines() {
        let Some((name, values)) = line.split_once(' ') else { continue };
        let numbers = name.split_once(':').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let (Some((major, minor)), Some(read_bytes)) = (numbers, field(values, "rbytes")) else { continue };
        let device = device(io, major, minor);
        device.read_bytes = read_bytes;
        device.written_bytes = field(values, "wbytes").unwrap_or(0);
        device.reads = field(values, "rios").unwrap_or(0);
        device.writes = field(values, "wios").unwrap_or(0);
    }
}

fn stall(text: &str) -> Option<Stall> {
    let waiting = pressure(text, "some")?;
    Some(Stall { waiting, stalled: pressure(text, "full").unwrap_or(0.0) })
}

pub(super) fn parse_anything(text: &str) {
    let _ = memory_stat(text, Memory::default());
    let _ = (cpu_stat(text), cpu_max(text), stall(text));
    let _ = number(text).and_then(shares);
    io_stat(text, &mut Vec::new());
}
