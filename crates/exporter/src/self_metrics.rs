//! The exporter's metrics about itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wharf_http_metrics::ProcessUsage;

use crate::description::descriptions;
use crate::families::Families;

descriptions! { ALL:
    BUILD = Gauge "wharf_exporter_build_info" ["version"] "Always 1.";
    DURATION = Gauge "wharf_exporter_collector_duration_seconds" ["collector"] "How long the collector took in this scrape, in seconds.";
    SUCCESS = Gauge "wharf_exporter_collector_success" ["collector"] "1 when the collector read everything.";
    ERRORS = Counter "wharf_exporter_collector_errors_total" ["collector"] "Things that the collector could not read; the log says which.";
    CONTAINERS = Gauge "wharf_exporter_containers" ["source"] "Containers that are read from cgroup files, and from the engine's stats streams.";
    CPU = Counter "process_cpu_seconds_total" [] "CPU time of this process, in seconds.";
    RESIDENT = Gauge "process_resident_memory_bytes" [] "Resident memory of this process.";
    VIRTUAL = Gauge "process_virtual_memory_bytes" [] "Virtual memory of this process.";
    START_TIME = Gauge "process_start_time_seconds" [] "When this process was started, in seconds since 1970.";
    OPEN_FILES = Gauge "process_open_fds" [] "Open files of this process.";
    MAX_FILES = Gauge "process_max_fds" [] "Files that this process may open.";
    THREADS = Gauge "process_threads" [] "Threads of this process.";
}

/// Counts and logs the errors of collectors.
#[derive(Debug, Default)]
pub(crate) struct ErrorLog(Mutex<BTreeMap<&'static str, CollectorErrors>>);

#[derive(Debug, Default)]
struct CollectorErrors {
    count: u64,
    last: Vec<String>,
}

impl ErrorLog {
    /// Counts the errors of one run and logs the new ones. A lasting error is logged once, not at each scrape.
    pub(crate) fn record(&self, collector: &'static str, errors: &[String]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(collector).or_default();
        known.count += errors.len() as u64;
        for error in errors.iter().filter(|error| !known.last.contains(error)) {
            tracing::warn!(collector, error, "the scrape goes on without it");
        }
        if errors.is_empty() && !known.last.is_empty() {
            tracing::info!(collector, "the errors are gone");
        }
        known.last = errors.to_vec();
    }

    fn count(&self, collector: &str) -> u64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(collector).map_or(0, |known| known.count)
    }
}

/// One run of a collector.
#[derive(Debug)]
pub(crate) struct CollectorRun {
    pub(crate) collector: &'static str,
    pub(crate) took: Duration,
    pub(crate) complete: bool,
    /// Containers read from files, and from streams.
    pub(crate) containers: Option<(usize, usize)>,
}

/// The families about this scrape and this process.
pub(crate) fn families(runs: &[CollectorRun], errors: &ErrorLog, process: &ProcessUsage) -> Families {
    let mut families = Families::default();
    families.add(&BUILD, &[env!("CARGO_PKG_VERSION")], 1.0);
    for run in runs {
        families.add(&DURATION, &[run.collector], run.took.as_secs_f64());
        families.add(&SUCCESS, &[run.collector], f64::from(u8::from(run.complete)));
        families.add(&ERRORS, &[run.collector], errors.count(run.collector) as f64);
        if let Some((files, streams)) = run.containers {
            families.add(&CONTAINERS, &["files"], files as f64);
            families.add(&CONTAINERS, &["stream"], streams as f64);
        }
    }
    let process = [
        (&CPU, process.cpu_seconds),
        (&RESIDENT, process.resident_bytes),
        (&VIRTUAL, process.virtual_bytes),
        (&START_TIME, process.start_time),
        (&OPEN_FILES, process.open_files),
        (&MAX_FILES, process.max_files),
        (&THREADS, process.threads),
    ];
    for (description, value) in process {
        if let Some(value) = value {
            families.add(description, &[], value);
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::write;

    #[test]
    fn errors_are_counted_and_success_is_of_the_last_run() {
        let errors = ErrorLog::default();
        errors.record("host", &["a".to_owned(), "b".to_owned()]);
        errors.record("host", &["b".to_owned()]);
        let run = CollectorRun {
            collector: "host",
            took: Duration::from_millis(5),
            complete: false,
            containers: Some((2, 0)),
        };
        let text = write(&families(&[run], &errors, &ProcessUsage::default()).finish());
        assert!(text.contains("wharf_exporter_collector_errors_total{collector=\"host\"} 3\n"), "{text}");
        assert!(text.contains("wharf_exporter_collector_success{collector=\"host\"} 0\n"), "{text}");
        assert!(text.contains("wharf_exporter_containers{source=\"files\"} 2\n"), "{text}");
    }
}
