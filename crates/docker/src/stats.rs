//! What a container uses, as `GET /containers/{id}/stats` says.

use bollard::models::{ContainerBlkioStats, ContainerCpuStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use crate::engine::Engine;
use crate::error::Error;

/// What a container uses: two samples of CPU time, a second apart, and the other values at the second one. Values that
/// the engine does not report are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatsSample {
    /// CPU time at the first sample.
    pub cpu_before: CpuTime,
    /// CPU time at the second sample.
    pub cpu: CpuTime,
    /// CPUs that the container may run on.
    pub online_cpus: u32,
    /// Bytes of memory, with the page cache.
    pub memory: u64,
    /// Bytes of the page cache that can be given back (cgroup v1: `total_inactive_file`, v2: `inactive_file`).
    pub memory_inactive_file: u64,
    /// Most bytes of memory that it may use.
    pub memory_limit: u64,
    /// Bytes received in all networks since the start.
    pub network_received: u64,
    /// Bytes sent in all networks since the start.
    pub network_sent: u64,
    /// Bytes read from block devices since the start.
    pub block_read: u64,
    /// Bytes written to block devices since the start.
    pub block_written: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// CPU time since the start, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Of the container.
    pub container: u64,
    /// Of all CPUs of the machine together, idle or not.
    pub system: u64,
}

/// Takes two samples of a running container, a second apart; `None`: the engine has none.
///
/// # Errors
/// If the request fails.
pub async fn sample(engine: &Engine, container: &str) -> Result<Option<StatsSample>, Error> {
    let options = StatsOptionsBuilder::default().stream(false).build();
    let answer = engine
        .docker()
        .stats(container, Some(options))
        .boxed()
        .next()
        .await
        .transpose()
        .map_err(Error::at("measure the container"))?;
    Ok(answer.map(StatsSample::from))
}

impl From<ContainerStatsResponse> for StatsSample {
    fn from(stats: ContainerStatsResponse) -> Self {
        let memory = stats.memory_stats.unwrap_or_default();
        let cache = memory.stats.unwrap_or_default();
        let inactive = cache.get("total_inactive_file").or_else(|| cache.get("inactive_file"));
        let networks = stats.networks.unwrap_or_default();
        let (block_read, block_written) = block_io(stats.blkio_stats.unwrap_or_default());
        let cpu = stats.cpu_stats.unwrap_or_default();
        StatsSample {
            cpu_before: CpuTime::from(&stats.precpu_stats.unwrap_or_default()),
            cpu: CpuTime::from(&cpu),
            online_cpus: cpu.online_cpus.unwrap_or(0),
            memory: memory.usage.unwrap_or(0),
            memory_inactive_file: inactive.copied().unwrap_or(0),
            memory_limit: memory.limit.unwrap_or(0),
            network_received: networks.values().filter_map(|network| network.rx_bytes).sum(),
            network_sent: networks.values().filter_map(|network| network.tx_bytes).sum(),
            block_read,
            block_written,
            pids: stats.pids_stats.and_then(|pids| pids.current).unwrap_or(0),
        }
    }
}

impl From<&ContainerCpuStats> for CpuTime {
    fn from(cpu: &ContainerCpuStats) -> Self {
        CpuTime {
            container: cpu.cpu_usage.as_ref().and_then(|usage| usage.total_usage).unwrap_or(0),
            system: cpu.system_cpu_usage.unwrap_or(0),
        }
    }
}

/// Bytes read and written. The engine writes the operations in either case.
fn block_io(stats: ContainerBlkioStats) -> (u64, u64) {
    let entries = stats.io_service_bytes_recursive.unwrap_or_default();
    let sum = |operation: &str| {
        let of = entries.iter().filter(|entry| entry.op.as_ref().is_some_and(|op| op.eq_ignore_ascii_case(operation)));
        of.filter_map(|entry| entry.value).sum()
    };
    (sum("read"), sum("write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_engine_is_understood() {
        let answer = r#"{
            "precpu_stats": { "cpu_usage": { "total_usage": 100 }, "system_cpu_usage": 1000, "online_cpus": 2 },
            "cpu_stats": { "cpu_usage": { "total_usage": 350 }, "system_cpu_usage": 2000, "online_cpus": 2 },
            "memory_stats": { "usage": 1000, "limit": 5000, "stats": { "inactive_file": 300 } },
            "networks": { "eth0": { "rx_bytes": 1, "tx_bytes": 2 }, "eth1": { "rx_bytes": 10, "tx_bytes": 20 } },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "op": "Read", "value": 5 }, { "op": "write", "value": 6 }, { "op": "read", "value": 7 }, { "op": "Sync", "value": 9 }
            ] },
            "pids_stats": { "current": 3 }
        }"#;
        let stats: ContainerStatsResponse = serde_json::from_str(answer).unwrap();
        let expected = StatsSample {
            cpu_before: CpuTime { container: 100, system: 1000 },
            cpu: CpuTime { container: 350, system: 2000 },
            online_cpus: 2,
            memory: 1000,
            memory_inactive_file: 300,
            memory_limit: 5000,
            network_received: 11,
            network_sent: 22,
            block_read: 12,
            block_written: 6,
            pids: 3,
        };
        assert_eq!(StatsSample::from(stats), expected);
        assert_eq!(StatsSample::from(ContainerStatsResponse::default()), StatsSample::default());
    }
}
