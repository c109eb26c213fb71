//! One scrape: every collector at the same time, none longer than the deadline, and none keeps another from telling.

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout_at;

use crate::collector::Collected;
use crate::containers::Containers;
use crate::containers::inventory::Inventory;
use crate::databases::Databases;
use crate::discovery::{self, Found, Own};
use crate::exposition::write;
use crate::families::Families;
use crate::host::Host;
use crate::host::filesystem::FileSystems;
use crate::own::{self, Look, Troubles};

/// A part of the exporter that can be turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collector {
    /// Containers.
    Containers,
    /// The host: CPUs, memory, disks, network.
    Host,
    /// The host's file systems.
    Filesystem,
    /// Redis and Postgres.
    Databases,
}

impl Collector {
    /// All of them.
    pub const ALL: [Collector; 4] =
        [Collector::Containers, Collector::Host, Collector::Filesystem, Collector::Databases];

    /// Its name on the command line, in `collect[]` and in labels.
    pub fn name(self) -> &'static str {
        match self {
            Collector::Containers => "containers",
            Collector::Host => "host",
            Collector::Filesystem => "filesystem",
            Collector::Databases => "databases",
        }
    }
}

/// The collectors, each behind a lock of its own: the files of one are read by one scrape at a time.
#[derive(Debug)]
pub(crate) struct Collectors {
    pub(crate) containers: Option<Arc<Mutex<Containers>>>,
    pub(crate) host: Option<Arc<Mutex<Host>>>,
    pub(crate) filesystem: Option<Arc<Mutex<FileSystems>>>,
    pub(crate) databases: Option<Databases>,
    /// What discovery looks through, and this machine's name.
    pub(crate) inventory: watch::Receiver<Inventory>,
    pub(crate) machine: String,
    pub(crate) troubles: Troubles,
}

impl Collectors {
    /// The collectors that there are.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let all = [
            (Collector::Containers, self.containers.is_some()),
            (Collector::Host, self.host.is_some()),
            (Collector::Filesystem, self.filesystem.is_some()),
            (Collector::Databases, self.databases.is_some()),
        ];
        all.into_iter().filter_map(|(collector, there)| there.then_some(collector.name())).collect()
    }

    /// The text of a scrape that ends at `deadline`; with names, of these collectors only.
    pub(crate) async fn scrape(&self, only: &[String], deadline: Instant) -> String {
        let wanted = |collector: Collector| only.is_empty() || only.iter().any(|name| name == collector.name());
        let began = Instant::now();
        let found = self.found();
        let took_discovery = began.elapsed();
        let looks: [Option<Looking<'_>>; 4] = [
            self.containers
                .clone()
                .filter(|_| wanted(Collector::Containers))
                .map(|containers| look(Collector::Containers, containers, Containers::collect, deadline).boxed()),
            self.host
                .clone()
                .filter(|_| wanted(Collector::Host))
                .map(|host| look(Collector::Host, host, Host::collect, deadline).boxed()),
            self.filesystem
                .clone()
                .filter(|_| wanted(Collector::Filesystem))
                .map(|filesystem| look(Collector::Filesystem, filesystem, FileSystems::collect, deadline).boxed()),
            self.databases
                .as_ref()
                .filter(|_| wanted(Collector::Databases))
                .map(|databases| ask(databases, &found, deadline).boxed()),
        ];
        let mut families = Families::default();
        let mut done = Vec::new();
        for (look, collected) in join_all(looks.into_iter().flatten()).await {
            self.troubles.note(look.collector, &collected.errors);
            families.merge(collected.families);
            done.push(look);
        }
        if wanted(Collector::Containers) {
            // Bad labels are told at each scrape, not only when somebody asks for targets.
            self.troubles.note("discovery", &found.errors);
            let complete = found.errors.is_empty();
            done.push(Look { collector: "discovery", took: took_discovery, complete, containers: None });
        }
        families.merge(own::families(&done, &self.troubles).into_vec());
        write(&families.into_vec())
    }

    /// What discovery finds now.
    pub(crate) fn found(&self) -> Found {
        let inventory = self.inventory.borrow();
        let containers = || inventory.containers.values().map(AsRef::as_ref);
        discovery::find(containers(), &Own::among(containers(), &self.machine))
    }
}

type Looking<'a> = BoxFuture<'a, (Look, Collected)>;

/// Asks the databases, which answer or are told to be away in time by themselves.
async fn ask(databases: &Databases, found: &Found, deadline: Instant) -> (Look, Collected) {
    let began = Instant::now();
    let discovered: Vec<_> = found.databases.iter().map(|database| database.target.clone()).collect();
    let families = databases.collect(&discovered, deadline.into()).await;
    let collector = Collector::Databases.name();
    let look = Look { collector, took: began.elapsed(), complete: true, containers: None };
    (look, Collected { families, ..Collected::default() })
}

/// Lets a collector look on a thread that may block.
async fn look<C: Send + 'static>(
    collector: Collector,
    behind: Arc<Mutex<C>>,
    collect: fn(&mut C) -> Collected,
    deadline: Instant,
) -> (Look, Collected) {
    let began = Instant::now();
    let looking = async {
        let mut locked = behind.lock_owned().await;
        tokio::task::spawn_blocking(move || collect(&mut locked)).await
    };
    let failed = |error: String| Collected { errors: vec![error], ..Collected::default() };
    let collected = match timeout_at(deadline.into(), looking).await {
        Ok(Ok(collected)) => collected,
        Ok(Err(error)) => failed(format!("the collector failed: {error}")),
        Err(_) => failed("not done within the scrape's time".to_owned()),
    };
    let complete = collected.errors.is_empty();
    let look = Look { collector: collector.name(), took: began.elapsed(), complete, containers: collected.containers };
    (look, collected)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_collector_that_does_not_come_back_is_an_error_and_no_second_one_is_sent() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let stuck = Arc::new(Mutex::new((held, 0)));
        let collect = |stuck: &mut (std::sync::mpsc::Receiver<()>, u32)| {
            stuck.1 += 1;
            let _ = stuck.0.recv();
            Collected::default()
        };
        for _ in 0..2 {
            let deadline = Instant::now() + Duration::from_millis(50);
            let (look, collected) = look(Collector::Filesystem, stuck.clone(), collect, deadline).await;
            assert!(!look.complete);
            assert_eq!(collected.errors, ["not done within the scrape's time"]);
        }
        drop(release);
        assert_eq!(stuck.lock().await.1, 1);
    }

    #[tokio::test]
    async fn a_collector_that_panics_is_an_error() {
        let deadline = Instant::now() + Duration::from_secs(5);
        let (look, collected) = look(Collector::Host, Arc::new(Mutex::new(())), |()| panic!("odd"), deadline).await;
        assert!(!look.complete && collected.errors[0].contains("failed"), "{collected:?}");
    }
}
