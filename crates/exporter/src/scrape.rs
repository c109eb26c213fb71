//! One scrape. All collectors run at the same time, none longer than the deadline, and a failing one does not affect the
//! others.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout_at;
use wharf_http_metrics::Process;

use crate::collector::{Collected, Collector};
use crate::containers::inventory::Inventory;
use crate::databases::Databases;
use crate::discovery::{self, Found, OwnContainer};
use crate::exposition::write;
use crate::families::Families;
use crate::self_metrics::{self, CollectorRun, ErrorLog};

/// A collector that reads files, and so blocks. Behind a lock, so that one scrape at a time runs it.
pub(crate) struct FileCollector {
    collector: Collector,
    collect: Arc<Mutex<dyn FnMut() -> Collected + Send>>,
}

impl FileCollector {
    pub(crate) fn new(collector: Collector, collect: impl FnMut() -> Collected + Send + 'static) -> Self {
        Self { collector, collect: Arc::new(Mutex::new(collect)) }
    }

    /// Runs the collector on a thread that may block. After `deadline` the result is an error, and the thread goes on.
    async fn run(&self, deadline: Instant) -> (CollectorRun, Collected) {
        let began = Instant::now();
        let run = async {
            let mut collect = self.collect.clone().lock_owned().await;
            tokio::task::spawn_blocking(move || {
                let collect = &mut *collect;
                collect()
            })
            .await
        };
        let failed = |error: String| Collected { errors: vec![error], ..Collected::default() };
        let collected = match timeout_at(deadline.into(), run).await {
            Ok(Ok(collected)) => collected,
            Ok(Err(error)) => failed(format!("the collector failed: {error}")),
            Err(_) => failed("not done within the scrape's time".to_owned()),
        };
        let run = CollectorRun {
            collector: self.collector.name(),
            took: began.elapsed(),
            complete: collected.errors.is_empty(),
            containers: collected.containers,
        };
        (run, collected)
    }
}

impl fmt::Debug for FileCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileCollector").field(&self.collector).finish()
    }
}

/// The collectors that are turned on.
#[derive(Debug)]
pub(crate) struct Collectors {
    pub(crate) files: Vec<FileCollector>,
    pub(crate) databases: Option<Databases>,
    /// The containers that discovery looks through.
    pub(crate) inventory: watch::Receiver<Inventory>,
    /// This machine's name.
    pub(crate) machine: String,
    pub(crate) errors: ErrorLog,
    pub(crate) process: Process,
}

impl Collectors {
    /// The names of the collectors that are turned on.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let databases = self.databases.as_ref().map(|_| Collector::Databases);
        self.files.iter().map(|files| files.collector).chain(databases).map(Collector::name).collect()
    }

    /// The text of a scrape that ends at `deadline`. With names, only these collectors run.
    pub(crate) async fn scrape(&self, only: &[String], deadline: Instant) -> String {
        let wanted = |collector: Collector| only.is_empty() || only.iter().any(|name| name == collector.name());
        let began = Instant::now();
        let found = self.found();
        let took_discovery = began.elapsed();
        let files = self.files.iter().filter(|files| wanted(files.collector));
        let mut collectors: Vec<BoxFuture<'_, _>> = files.map(|files| files.run(deadline).boxed()).collect();
        if let Some(databases) = self.databases.as_ref().filter(|_| wanted(Collector::Databases)) {
            collectors.push(scrape_databases(databases, &found, deadline).boxed());
        }
        let mut families = Families::default();
        let mut runs = Vec::new();
        for (run, collected) in join_all(collectors).await {
            self.errors.record(run.collector, &collected.errors);
            families.merge(collected.families);
            runs.push(run);
        }
        if wanted(Collector::Containers) {
            // Bad labels are reported at each scrape, not only when Prometheus asks for targets.
            self.errors.record("discovery", &found.errors);
            let complete = found.errors.is_empty();
            runs.push(CollectorRun { collector: "discovery", took: took_discovery, complete, containers: None });
        }
        families.merge(self_metrics::families(&runs, &self.errors, &self.process.usage()).into_vec());
        write(&families.into_vec())
    }

    /// The current targets and databases.
    pub(crate) fn found(&self) -> Found {
        let inventory = self.inventory.borrow();
        let containers = || inventory.containers.values().map(AsRef::as_ref);
        discovery::find(containers(), &OwnContainer::among(containers(), &self.machine))
    }
}

/// Scrapes the databases. Each of them answers or counts as down before the deadline.
async fn scrape_databases(databases: &Databases, found: &Found, deadline: Instant) -> (CollectorRun, Collected) {
    let began = Instant::now();
    let discovered: Vec<_> = found.databases.iter().map(|database| database.target.clone()).collect();
    let families = databases.collect(&discovered, deadline.into()).await;
    let collector = Collector::Databases.name();
    let run = CollectorRun { collector, took: began.elapsed(), complete: true, containers: None };
    (run, Collected { families, ..Collected::default() })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_collector_that_hangs_is_an_error_and_is_not_started_again() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let started = Arc::new(AtomicU32::new(0));
        let count = started.clone();
        let stuck = FileCollector::new(Collector::Filesystem, move || {
            count.fetch_add(1, SeqCst);
            let _ = held.recv();
            Collected::default()
        });
        for _ in 0..2 {
            let (run, collected) = stuck.run(Instant::now() + Duration::from_millis(50)).await;
            assert!(!run.complete);
            assert_eq!(collected.errors, ["not done within the scrape's time"]);
        }
        assert_eq!(started.load(SeqCst), 1);
        drop(release);
    }

    #[tokio::test]
    async fn a_collector_that_panics_is_an_error() {
        let deadline = Instant::now() + Duration::from_secs(5);
        let (run, collected) = FileCollector::new(Collector::Host, || panic!("odd")).run(deadline).await;
        assert!(!run.complete && collected.errors[0].contains("failed"), "{collected:?}");
    }
}
