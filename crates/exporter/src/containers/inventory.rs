//! The existing containers, kept up to date by the engine's roster.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wharf_docker::container::ContainerDetails;
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Endpoint, Engine, Error};

use super::container::Container;

/// What is known about the engine and its containers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inventory {
    /// By id.
    pub(crate) containers: BTreeMap<String, Arc<Container>>,
    /// `None` until the engine has answered.
    pub(crate) engine: Option<Engine>,
    /// Where the engine keeps its files.
    pub(crate) root_folder: Option<String>,
    /// Why `containers` may be out of date.
    pub(crate) error: Option<String>,
}

/// Keeps `inventory` up to date until `stop`. If no engine answers, it waits for one.
pub(crate) async fn follow(endpoint: Endpoint, inventory: watch::Sender<Inventory>, stop: CancellationToken) {
    let mut follower = Follower { inventory, oom_events: HashMap::new(), complete: false };
    stop.run_until_cancelled(follower.run(endpoint)).await;
}

struct Follower {
    inventory: watch::Sender<Inventory>,
    /// How often each container has run out of memory since this program follows events.
    oom_events: HashMap<String, u64>,
    /// Whether all containers have been inspected since the event stream was opened.
    complete: bool,
}

impl Follower {
    async fn run(&mut self, endpoint: Endpoint) {
        let engine = Engine::connect_when_there(&endpoint, |error| self.failed(error)).await;
        let mut changes = std::pin::pin!(roster::follow(engine.clone(), Selection::all()));
        while let Some(change) = changes.next().await {
            self.take(&engine, change).await;
        }
    }

    async fn take(&mut self, engine: &Engine, change: Change) {
        match change {
            Change::Happened(event) if event.action == "oom" => *self.oom_events.entry(event.id).or_default() += 1,
            Change::Clock(_) | Change::Happened(_) => {}
            Change::Current(container) => self.current(*container),
            Change::Gone(id) => self.gone(&id),
            Change::Reconnected => self.complete = false,
            Change::Complete => self.complete(engine).await,
            Change::Failed(error) => self.failed(&error),
        }
    }

    fn current(&mut self, details: ContainerDetails) {
        let id = details.id.clone();
        let Some(mut container) = Container::new(details) else { return self.gone(&id) };
        container.oom_events = self.oom_events.get(&id).copied().unwrap_or(0);
        self.inventory.send_modify(|inventory| {
            inventory.containers.insert(id, Arc::new(container));
            if self.complete {
                inventory.error = None;
            }
        });
    }

    fn gone(&mut self, id: &str) {
        self.oom_events.remove(id);
        self.inventory.send_modify(|inventory| drop(inventory.containers.remove(id)));
    }

    async fn complete(&mut self, engine: &Engine) {
        if self.inventory.borrow().root_folder.is_none() {
            match engine.root_folder().await {
                Ok(folder) => self.inventory.send_modify(|inventory| inventory.root_folder = folder),
                Err(error) => tracing::debug!(%error, "the engine's folder is not known"),
            }
        }
        self.complete = true;
        self.inventory.send_modify(|inventory| {
            inventory.engine = Some(engine.clone());
            inventory.error = None;
        });
    }

    fn failed(&self, error: &Error) {
        let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
        self.inventory.send_modify(|inventory| inventory.error = Some(format!("{error}{help}")));
    }
}
