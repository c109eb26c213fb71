//! What the process uses, from `/proc`.

use std::fs;
use std::sync::OnceLock;

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::collector::{register, sample};
use crate::description::{Description, Kind};
use crate::error::Error;
use crate::labels::Labels;

/// Registers `process_*`: CPU time, memory, files, threads and start of this process, under the names that [Prometheus'
/// client libraries](https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics) share.
///
/// They need only `/proc`, so a container from `scratch` has them, too. Without `/proc`, on systems other than Linux,
/// there are no such metrics. A metric without a value, such as a limit that is not set, is left out.
///
/// # Errors
///
/// If the registry already has metrics of these names.
///
/// ```
/// let registry = prometheus::Registry::new();
/// wharf_http_metrics::register_process_metrics(&registry)?;
/// # Ok::<(), wharf_http_metrics::Error>(())
/// ```
pub fn register_process_metrics(registry: &Registry) -> Result<(), Error> {
    let descriptions = process_descriptions();
    let descs = descriptions.iter().map(|one| one.desc(&Labels::new())).collect::<Result<_, _>>()?;
    register(registry, ProcessCollector { descriptions, descs, process: Process::default() })
}

/// The metrics of [`register_process_metrics`] as a page of documentation lists them.
pub fn process_descriptions() -> Vec<Description> {
    let of = |name, kind, help| Description::new(name, kind, [] as [&str; 0], help);
    vec![
        of("process_cpu_seconds_total", Kind::Counter, "CPU time of the process in seconds, user and system."),
        of("process_open_fds", Kind::Gauge, "Open file descriptors."),
        of("process_max_fds", Kind::Gauge, "File descriptors that may be open at once."),
        of("process_virtual_memory_bytes", Kind::Gauge, "Virtual memory of the process in bytes."),
        of("process_virtual_memory_max_bytes", Kind::Gauge, "Virtual memory that the process may have, in bytes."),
        of("process_resident_memory_bytes", Kind::Gauge, "Resident memory of the process in bytes."),
        of("process_start_time_seconds", Kind::Gauge, "When the process was started, in seconds since 1970."),
        of("process_threads", Kind::Gauge, "Threads of the process."),
    ]
}

struct ProcessCollector {
    descriptions: Vec<Description>,
    descs: Vec<Desc>,
    process: Process,
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let usage = self.process.usage();
        // In the order of `process_descriptions`.
        let values = [
            usage.cpu_seconds,
            usage.open_files,
            usage.max_files,
            usage.virtual_bytes,
            usage.max_virtual_bytes,
            usage.resident_bytes,
            usage.start_time,
            usage.threads,
        ];
        let known = self.descriptions.iter().zip(values).filter_map(|(one, value)| Some((one, value?)));
        known.map(|(one, value)| one.family(vec![sample(one.kind, value)])).collect()
    }
}

/// Reads what this process uses, for programs that expose it without a [`Registry`].
#[derive(Debug, Default)]
pub struct Process {
    /// Computed once, because the clock that it depends on is corrected now and then.
    start_time: OnceLock<Option<f64>>,
}

/// What a process uses. `None`: the system does not say, or there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProcessUsage {
    /// CPU time in seconds, user and system.
    pub cpu_seconds: Option<f64>,
    /// Open file descriptors.
    pub open_files: Option<f64>,
    /// Most file descriptors that may be open.
    pub max_files: Option<f64>,
    /// Virtual memory in bytes.
    pub virtual_bytes: Option<f64>,
    /// Most virtual memory in bytes.
    pub max_virtual_bytes: Option<f64>,
    /// Resident memory in bytes.
    pub resident_bytes: Option<f64>,
    /// When the process was started, in seconds since 1970.
    pub start_time: Option<f64>,
    /// Threads.
    pub threads: Option<f64>,
}

impl Process {
    /// What this process uses now, from `/proc`.
    pub fn usage(&self) -> ProcessUsage {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let stat = Stat::parse(&read("/proc/self/stat"));
        let limits = read("/proc/self/limits");
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let page = rustix::param::page_size() as f64;
        let start_time = self.start_time.get_or_init(|| {
            let started = stat.as_ref()?.start as f64 / ticks;
            Some(boot(&read("/proc/stat"))? + started)
        });
        let of_stat = |value: &dyn Fn(&Stat) -> f64| stat.as_ref().map(value);
        ProcessUsage {
            cpu_seconds: of_stat(&|stat| stat.cpu as f64 / ticks),
            open_files: open_files(),
            max_files: limit(&limits, "Max open files"),
            virtual_bytes: of_stat(&|stat| stat.virtual_bytes as f64),
            max_virtual_bytes: limit(&limits, "Max address space"),
            resident_bytes: of_stat(&|stat| stat.resident_pages as f64 * page),
            start_time: *start_time,
            threads: of_stat(&|stat| stat.threads as f64),
        }
    }
}

/// The fields of [`proc_pid_stat(5)`](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    /// Ticks, user and system.
    cpu: u64,
    threads: u64,
    /// Ticks since the system was started.
    start: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name in parentheses may contain blanks and parentheses. After it comes the third field, the state.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu: field(14)?.checked_add(field(15)?)?,
            threads: field(20)?,
            start: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

/// When the system was started, in seconds since 1970.
fn boot(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The soft limit of this name, if there is one.
fn limit(limits: &str, name: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Open file descriptors, without the one that the counting opens.
fn open_files() -> Option<f64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(entries.saturating_sub(1) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let text = "7 (a) R (b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 3 0 1000 8192 12 18446744073709551615 1\n";
        let stat = Stat { cpu: 300, threads: 3, start: 1000, virtual_bytes: 8192, resident_pages: 12 };
        assert_eq!(Stat::parse(text), Some(stat));
    }

    #[test]
    fn a_limit_that_is_none_has_no_value() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n\
                      Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(limit(limits, "Max open files"), Some(1024.0));
        assert_eq!(limit(limits, "Max address space"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC*|([0-9]+ \\([a-z )(]*\\) [A-Z]( [0-9-]{0,20}){0,60})") {
            let _ = (Stat::parse(&text), boot(&text), limit(&text, "Max"));
        }
    }
}
