//! How much containers use.

use futures_util::{StreamExt, stream};
use wharf_docker::stats::{StatsSample, sample};
use wharf_docker::{Engine, connections};

use crate::observe::Container;

/// What a container uses, computed as the docker command does it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Share of one CPU over the last second, in percent. 200 is two CPUs.
    pub cpu_percent: f64,
    /// Bytes of memory, without the reclaimable page cache.
    pub memory: u64,
    /// Memory limit in bytes, or 0 if it is unknown.
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

impl Usage {
    /// Used share of the memory limit, in percent. 0 without a limit.
    pub fn memory_percent(&self) -> f64 {
        match self.memory_limit {
            0 => 0.0,
            limit => self.memory as f64 / limit as f64 * 100.0,
        }
    }
}

/// Measures `containers` concurrently, which takes one or two seconds. All values are zero for a container that does
/// not run or is gone.
pub async fn usage(engine: &Engine, containers: &[Container]) -> Vec<Usage> {
    let of = |container: &Container| {
        let (id, up) = (container.id.clone(), container.is_up());
        async move {
            let sample = if up { sample(engine, &id).await.ok().flatten() } else { None };
            sample.as_ref().map(Usage::from).unwrap_or_default()
        }
    };
    stream::iter(containers).map(of).buffered(connections()).collect().await
}

impl From<&StatsSample> for Usage {
    fn from(sample: &StatsSample) -> Self {
        // A cache that is larger than the usage was measured at another moment.
        let cache = Some(sample.memory_inactive_file).filter(|cache| *cache < sample.memory).unwrap_or(0);
        Usage {
            cpu_percent: cpu_percent(sample),
            memory: sample.memory - cache,
            memory_limit: sample.memory_limit,
            network_received: sample.network_received,
            network_sent: sample.network_sent,
            block_read: sample.block_read,
            block_written: sample.block_written,
            pids: sample.pids,
        }
    }
}

/// The container's share of the time of all CPUs between the two samples, times the number of CPUs.
fn cpu_percent(sample: &StatsSample) -> f64 {
    let used = sample.cpu.container as f64 - sample.cpu_before.container as f64;
    let system = sample.cpu.system as f64 - sample.cpu_before.system as f64;
    match used > 0.0 && system > 0.0 {
        true => used / system * f64::from(sample.online_cpus.max(1)) * 100.0,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_docker::stats::CpuTime;

    #[test]
    fn the_share_of_a_cpu_lies_between_two_samples() {
        let sample = StatsSample {
            cpu_before: CpuTime { container: 100, system: 1000 },
            cpu: CpuTime { container: 350, system: 2000 },
            online_cpus: 2,
            ..StatsSample::default()
        };
        assert_eq!(Usage::from(&sample).cpu_percent, 50.0);
        let first = StatsSample { cpu_before: CpuTime::default(), cpu: CpuTime::default(), ..sample };
        assert_eq!(Usage::from(&first).cpu_percent, 0.0);
    }

    #[test]
    fn cache_that_can_be_given_back_is_not_used_memory() {
        let used = |memory, memory_inactive_file| {
            let sample = StatsSample { memory, memory_inactive_file, memory_limit: 4000, ..StatsSample::default() };
            let usage = Usage::from(&sample);
            (usage.memory, usage.memory_percent())
        };
        assert_eq!(used(1000, 300), (700, 17.5));
        assert_eq!(used(1000, 2000), (1000, 25.0));
        assert_eq!(Usage::default().memory_percent(), 0.0);
    }
}
