//! The containers of a project, kept up to date while a plan is carried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wharf_docker::container::ContainerDetails;
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Engine, labels};

/// The project's containers, as the roster reports them.
pub(super) struct Watch {
    pub(super) project: watch::Receiver<Seen>,
    _follower: JoinSet<()>,
}

/// What the roster has given.
#[derive(Default)]
pub(super) struct Seen {
    /// By id.
    containers: BTreeMap<String, Arc<ContainerDetails>>,
    /// How many requests to the engine have failed.
    pub(super) failures: u64,
}

impl Seen {
    fn take(&mut self, change: Change) {
        match change {
            Change::Current(container) => {
                self.containers.insert(container.id.clone(), Arc::from(container));
            }
            Change::Gone(id) => {
                self.containers.remove(&id);
            }
            Change::Failed(_) => self.failures += 1,
            Change::Happened(_) | Change::Complete | Change::Reconnected => {}
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<Arc<ContainerDetails>> {
        self.containers.values().find(|container| container.name == name).cloned()
    }
}

impl Watch {
    /// Begins to follow the project's containers.
    pub(super) fn open(engine: &Engine, project: &str) -> Self {
        let selection = Selection::with_labels([labels::selector(labels::PROJECT, project)]);
        let changes = roster::follow(engine.clone(), selection);
        let (sender, project) = watch::channel(Seen::default());
        let mut follower = JoinSet::new();
        follower.spawn(async move {
            let mut changes = std::pin::pin!(changes);
            while let Some(change) = changes.next().await {
                sender.send_modify(|seen| seen.take(change));
            }
        });
        Watch { project, _follower: follower }
    }
}
