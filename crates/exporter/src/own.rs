//! The exporter's metrics about itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::cgroup::Text;
use crate::description::descriptions;
use crate::families::Families;
use crate::keyed::value_of;

descriptions! { ALL:
    BUILD = Gauge "wharf_exporter_build_info" ["version"] "Always 1.";
    DURATION = Gauge "wharf_exporter_collector_duration_seconds" ["collector"] "How long the collector took in this scrape, in seconds.";
    SUCCESS = Gauge "wharf_exporter_collector_success" ["collector"] "1 when the collector told all that it should.";
    ERRORS = Counter "wharf_exporter_collector_errors_total" ["collector"] "What could not be told; the log says what.";
    CONTAINERS = Gauge "wharf_exporter_containers" ["source"] "Containers that are read from cgroup files, and from the engine's stats streams.";
    CPU = Counter "process_cpu_seconds_total" [] "CPU time of this process, in seconds.";
    RESIDENT = Gauge "process_resident_memory_bytes" [] "Resident memory of this process.";
    VIRTUAL = Gauge "process_virtual_memory_bytes" [] "Virtual memory of this process.";
    START_TIME = Gauge "process_start_time_seconds" [] "When this process was started, in seconds since 1970.";
    OPEN_FILES = Gauge "process_open_fds" [] "Open files of this process.";
    MAX_FILES = Gauge "process_max_fds" [] "Files that this process may open.";
    THREADS = Gauge "process_threads" [] "Threads of this process.";
}

/// Ticks a second in `/proc/<pid>/stat`: `USER_HZ`, the same on every Linux that we know.
const TICKS: f64 = 100.0;

/// What the collectors could not tell, since the start.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<BTreeMap<&'static str, Trouble>>);

#[derive(Debug, Default)]
struct Trouble {
    count: u64,
    last: Vec<String>,
}

impl Troubles {
    /// Counts the errors of one look, and logs those that are new. One that lasts is logged once, not at each scrape.
    pub(crate) fn note(&self, collector: &'static str, errors: &[String]) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = troubles.entry(collector).or_default();
        trouble.count += errors.len() as u64;
        for error in errors.iter().filter(|error| !trouble.last.contains(error)) {
            tracing::warn!(collector, error, "the scrape goes on without it");
        }
        if errors.is_empty() && !trouble.last.is_empty() {
            tracing::info!(collector, "all is well again");
        }
        trouble.last = errors.to_vec();
    }

    fn count(&self, collector: &str) -> u64 {
        let troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.get(collector).map_or(0, |trouble| trouble.count)
    }
}

/// How a collector did in one scrape.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) collector: &'static str,
    pub(crate) took: Duration,
    pub(crate) complete: bool,
    /// Containers read from files, and from streams.
    pub(crate) containers: Option<(usize, usize)>,
}

/// The families about this scrape and this process.
pub(crate) fn families(looks: &[Look], troubles: &Troubles) -> Families {
    let mut families = Families::default();
    families.add(&BUILD, &[env!("CARGO_PKG_VERSION")], 1.0);
    for look in looks {
        families.add(&DURATION, &[look.collector], look.took.as_secs_f64());
        families.add(&SUCCESS, &[look.collector], f64::from(u8::from(look.complete)));
        families.add(&ERRORS, &[look.collector], troubles.count(look.collector) as f64);
        if let Some((files, streams)) = look.containers {
            families.add(&CONTAINERS, &["files"], files as f64);
            families.add(&CONTAINERS, &["stream"], streams as f64);
        }
    }
    process(&mut families, Path::new("/proc"));
    families
}

fn process(families: &mut Families, procfs: &Path) {
    let mut text = Text::default();
    let boot = text.of(procfs.join("stat")).and_then(|stat| value_of(&stat, "btime"));
    if let Some(stat) = text.of(procfs.join("self/stat")) {
        process_stat(&stat, boot, families);
    }
    if let Some(limits) = text.of(procfs.join("self/limits")) {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        if let Some(most) = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()) {
            families.add(&MAX_FILES, &[], most);
        }
    }
    if let Ok(files) = std::fs::read_dir(procfs.join("self/fd")) {
        // One of them is the folder that is being read.
        families.add(&OPEN_FILES, &[], files.count().saturating_sub(1) as f64);
    }
}

/// Fields of `/proc/<pid>/stat` (proc_pid_stat(5)); the second one, a name in brackets, may hold anything.
fn process_stat(stat: &str, boot: Option<u64>, families: &mut Families) {
    let Some((_, rest)) = stat.rsplit_once(')') else { return };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<f64>().ok());
    if let (Some(user), Some(system)) = (field(14), field(15)) {
        families.add(&CPU, &[], (user + system) / TICKS);
    }
    if let Some(threads) = field(20) {
        families.add(&THREADS, &[], threads);
    }
    if let (Some(started), Some(boot)) = (field(22), boot) {
        families.add(&START_TIME, &[], boot as f64 + started / TICKS);
    }
    if let Some(bytes) = field(23) {
        families.add(&VIRTUAL, &[], bytes);
    }
    if let Some(pages) = field(24) {
        families.add(&RESIDENT, &[], pages * rustix::param::page_size() as f64);
    }
}

/// For property tests and the fuzzer: whatever the file holds, nothing panics.
pub(crate) fn parse_anything(text: &str) {
    process_stat(text, Some(0), &mut Families::default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::write;

    #[test]
    fn errors_are_counted_and_success_is_of_the_last_look() {
        let troubles = Troubles::default();
        troubles.note("host", &["a".to_owned(), "b".to_owned()]);
        troubles.note("host", &["b".to_owned()]);
        let look =
            Look { collector: "host", took: Duration::from_millis(5), complete: false, containers: Some((2, 0)) };
        let text = write(&families(&[look], &troubles).finish());
        assert!(text.contains("wharf_exporter_collector_errors_total{collector=\"host\"} 3\n"), "{text}");
        assert!(text.contains("wharf_exporter_collector_success{collector=\"host\"} 0\n"), "{text}");
        assert!(text.contains("wharf_exporter_containers{source=\"files\"} 2\n"), "{text}");
    }

    #[test]
    fn a_process_name_may_hold_anything() {
        let mut found = Families::default();
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4 9 0 0 0 150 50 0 0 20 0 3 0 1000 8192 2 0";
        process_stat(stat, Some(1000), &mut found);
        let text = write(&found.into_vec());
        assert!(text.contains("process_cpu_seconds_total 2\n") && text.contains("process_threads 3\n"), "{text}");
        assert!(text.contains("process_start_time_seconds 1010\n"), "{text}");
    }
}
