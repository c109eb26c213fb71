//! Stats streams, for when files are out of reach: one long-lived stream per container. A scrape uses its last answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use wharf_docker::Engine;
use wharf_docker::models::{
    ContainerBlkioStatEntry, ContainerMemoryStats, ContainerNetworkStats, ContainerStatsResponse,
};

use crate::resource_usage::{CpuTime, Interface, Memory, Throttling, Traffic, Usage, device};

/// The streams that are open.
#[derive(Debug, Default)]
pub(super) struct Streams(HashMap<String, Stream>);

#[derive(Debug)]
struct Stream {
    last: Arc<Mutex<Option<Usage>>>,
    task: JoinHandle<()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Streams {
    /// Opens missing streams and closes those that are no longer `wanted`. A stream that has ended is opened again.
    pub(super) fn keep(&mut self, engine: &Engine, wanted: &BTreeSet<String>) {
        self.0.retain(|id, stream| wanted.contains(id) && !stream.task.is_finished());
        for id in wanted {
            self.0.entry(id.clone()).or_insert_with(|| open(engine.clone(), id.clone()));
        }
    }

    /// The last answer of a container's stream.
    pub(super) fn last(&self, id: &str) -> Option<Usage> {
        self.0.get(id)?.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn open(engine: Engine, id: String) -> Stream {
    let last = Arc::new(Mutex::new(None));
    let kept = last.clone();
    let task = tokio::spawn(async move {
        let mut stats = std::pin::pin!(engine.follow_stats(&id));
        while let Some(answer) = stats.next().await {
            match answer {
                Ok(answer) => *kept.lock().unwrap_or_else(PoisonError::into_inner) = usage(answer),
                Err(error) => {
                    tracing::debug!(container = id, %error, "the stats stream ended");
                    break;
                }
            }
        }
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    });
    Stream { last, task }
}

/// The engine's stats as files would show them. `None` for a container that does not run: it has no CPU time.
pub(super) fn usage(stats: ContainerStatsResponse) -> Option<Usage> {
    let cpu = stats.cpu_stats.unwrap_or_default();
    let time = cpu.cpu_usage.unwrap_or_default();
    let seconds = |nanoseconds: Option<u64>| nanoseconds.unwrap_or(0) as f64 / 1e9;
    let total = time.total_usage.filter(|total| *total > 0)?;
    let throttling = cpu.throttling_data.filter(|data| data.periods.is_some_and(|periods| periods > 0));
    let pids = stats.pids_stats.unwrap_or_default();
    let mut usage = Usage {
        cpu: Some(CpuTime {
            total: total as f64 / 1e9,
            user: seconds(time.usage_in_usermode),
            system: seconds(time.usage_in_kernelmode),
        }),
        throttling: throttling.map(|data| Throttling {
            periods: data.periods.unwrap_or(0),
            throttled_periods: data.throttled_periods.unwrap_or(0),
            throttled: seconds(data.throttled_time),
        }),
        memory: stats.memory_stats.as_ref().and_then(memory),
        threads: pids.current,
        threads_max: pids.current.map(|_| pids.limit.filter(|limit| *limit < 1 << 62).unwrap_or(0)),
        ..Usage::default()
    };
    let blkio = stats.blkio_stats.unwrap_or_default();
    for entry in blkio.io_service_bytes_recursive.unwrap_or_default() {
        operation(&mut usage, entry, |device| &mut device.read_bytes, |device| &mut device.written_bytes);
    }
    for entry in blkio.io_serviced_recursive.unwrap_or_default() {
        operation(&mut usage, entry, |device| &mut device.reads, |device| &mut device.writes);
    }
    let mut networks: Vec<_> = stats.networks.unwrap_or_default().into_iter().collect();
    networks.sort_by(|one, other| one.0.cmp(&other.0));
    usage.network = networks.into_iter().map(|(name, network)| interface(name, &network)).collect();
    Some(usage)
}

fn memory(stats: &ContainerMemoryStats) -> Option<Memory> {
    let usage = stats.usage?;
    let lines = stats.stats.as_ref();
    // Version 1's names, then version 2's.
    let line = |names: [&str; 3]| names.iter().find_map(|name| lines?.get(*name)).copied().unwrap_or(0);
    let memory = Memory {
        usage,
        rss: line(["total_rss", "rss", "anon"]),
        cache: line(["total_cache", "cache", "file"]),
        swap: line(["total_swap", "swap", "swap"]),
        mapped_file: line(["total_mapped_file", "mapped_file", "file_mapped"]),
        max_usage: stats.max_usage,
        failcnt: stats.failcnt,
        page_faults: line(["total_pgfault", "pgfault", "pgfault"]),
        major_page_faults: line(["total_pgmajfault", "pgmajfault", "pgmajfault"]),
        ..Memory::default()
    };
    Some(memory.with_inactive_file(line(["total_inactive_file", "inactive_file", "inactive_file"])))
}

fn operation(
    usage: &mut Usage,
    entry: ContainerBlkioStatEntry,
    read: fn(&mut crate::resource_usage::DeviceIo) -> &mut u64,
    write: fn(&mut crate::resource_usage::DeviceIo) -> &mut u64,
) {
    let number = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    let (Some(major), Some(minor), Some(value)) = (number(entry.major), number(entry.minor), entry.value) else {
        return;
    };
    let device = device(&mut usage.io, major, minor);
    match entry.op.unwrap_or_default().to_ascii_lowercase().as_str() {
        "read" => *read(device) = value,
        "write" => *write(device) = value,
        _ => {}
    }
}

fn interface(name: String, network: &ContainerNetworkStats) -> Interface {
    let traffic = |bytes: Option<u64>, packets: Option<u64>, errors: Option<u64>, dropped: Option<u64>| Traffic {
        bytes: bytes.unwrap_or(0),
        packets: packets.unwrap_or(0),
        errors: errors.unwrap_or(0),
        dropped: dropped.unwrap_or(0),
    };
    Interface {
        name,
        received: traffic(network.rx_bytes, network.rx_packets, network.rx_errors, network.rx_dropped),
        transmitted: traffic(network.tx_bytes, network.tx_packets, network.tx_errors, network.tx_dropped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_of_version_2_are_told_as_its_files_would() {
        let stats = serde_json::json!({
            "cpu_stats": { "cpu_usage": { "total_usage": 2_500_000_000_u64, "usage_in_usermode": 2_000_000_000,
                "usage_in_kernelmode": 500_000_000 }, "throttling_data": { "periods": 0 } },
            "memory_stats": { "usage": 1000, "limit": 5000, "stats": { "anon": 400, "file": 500, "inactive_file": 300 } },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 254, "minor": 0, "op": "read", "value": 4096 },
                { "major": 254, "minor": 0, "op": "write", "value": 8192 } ] },
            "networks": { "eth0": { "rx_bytes": 7, "tx_dropped": 1 } },
            "pids_stats": { "current": 3, "limit": 18_446_744_073_709_551_615_u64 },
        });
        let usage = usage(serde_json::from_value(stats).unwrap()).unwrap();
        assert_eq!(usage.cpu.unwrap().total, 2.5);
        assert_eq!(usage.throttling, None);
        let memory = usage.memory.unwrap();
        assert_eq!((memory.rss, memory.cache, memory.working_set), (400, 500, 700));
        assert_eq!((usage.io[0].read_bytes, usage.io[0].written_bytes), (4096, 8192));
        assert_eq!((usage.network[0].received.bytes, usage.network[0].transmitted.dropped), (7, 1));
        assert_eq!((usage.threads, usage.threads_max), (Some(3), Some(0)));
    }

    #[test]
    fn a_container_that_does_not_run_has_no_stats() {
        assert_eq!(usage(ContainerStatsResponse::default()), None);
    }
}
