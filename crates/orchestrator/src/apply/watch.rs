//! The containers of a project, kept up to date while a plan is carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use wharf_docker::container::ContainerDetails;
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Engine, Timestamp, labels};

/// The project's containers, as the roster reports them.
pub(super) struct Watch {
    pub(super) project: watch::Receiver<Seen>,
    _follower: JoinSet<()>,
}

/// The engine's clock, which may differ from this machine's.
#[derive(Debug)]
pub(super) struct Clock {
    /// What it showed.
    time: Timestamp,
    /// When the answer came.
    read: Instant,
}

/// What the roster has given.
#[derive(Default)]
pub(super) struct Seen {
    /// By id.
    containers: BTreeMap<String, Arc<ContainerDetails>>,
    /// The containers that were there and are not any more, by id.
    gone: BTreeSet<String>,
    /// The engine's clock, once it was asked.
    pub(super) clock: Option<Clock>,
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
                self.gone.insert(id);
            }
            Change::Clock(time) => self.clock = Some(Clock { time, read: Instant::now() }),
            Change::Failed(_) => self.failures += 1,
            Change::Happened(_) | Change::Complete | Change::Reconnected => {}
        }
    }

    /// `None`: it was not reported yet, or is gone.
    pub(super) fn container(&self, id: &str) -> Option<Arc<ContainerDetails>> {
        self.containers.get(id).cloned()
    }

    pub(super) fn is_gone(&self, id: &str) -> bool {
        self.gone.contains(id)
    }
}

impl Clock {
    /// The time from `moment`, by the engine's clock, to now; 0 if it is still to come. Up to the time that the engine's
    /// answer took, it is too short.
    pub(super) fn since(&self, moment: Timestamp) -> Duration {
        let before = u64::try_from(self.time.0.saturating_sub(moment.0)).unwrap_or_default();
        let ahead = u64::try_from(moment.0.saturating_sub(self.time.0)).unwrap_or_default();
        (Duration::from_nanos(before) + self.read.elapsed()).saturating_sub(Duration::from_nanos(ahead))
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
