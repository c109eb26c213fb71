//! Queues of batches: from the reader to each endpoint, on disk when memory is short, removed when all endpoints have
//! accepted them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::client::Client;
use super::lane::Sender;
use crate::batch::{Batch, Budget, Share};
use crate::metrics::Metrics;
use crate::positions::Positions;
use crate::reader::{BatchSink, LANES};
use crate::spool::Spool;

type Changes = Vec<(Arc<str>, Option<crate::position::Position>)>;

/// A batch in the queues of its lane.
#[derive(Debug)]
struct Item {
    content: Mutex<Content>,
    /// Endpoints that do not have it yet.
    missing: AtomicUsize,
}

#[derive(Debug)]
enum Content {
    Memory(Arc<Loaded>),
    Disk(PathBuf),
}

#[derive(Debug)]
struct Loaded {
    batch: Batch,
    share: Share,
}

/// What all parts of the delivery share.
#[derive(Debug)]
struct Shared {
    budget: Arc<Budget>,
    positions: Arc<Positions>,
    spool: Option<Spool>,
    /// Undelivered batches, oldest first, for each lane.
    pending: [Mutex<VecDeque<Arc<Item>>>; LANES],
    count: AtomicUsize,
    idle: tokio::sync::Notify,
}

/// The tasks that deliver.
#[derive(Debug)]
pub struct Delivery {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

/// Where the reader puts batches.
#[derive(Debug)]
pub struct Entrance {
    shared: Arc<Shared>,
    /// For each lane, one for each endpoint.
    queues: [Vec<UnboundedSender<Arc<Item>>>; LANES],
}

impl Delivery {
    /// Starts to deliver, first what the spool still holds.
    pub fn start(
        clients: Vec<Arc<Client>>,
        budget: Arc<Budget>,
        positions: Arc<Positions>,
        spool: Option<Spool>,
        metrics: &Metrics,
    ) -> (Self, Entrance) {
        let left_over = spool.as_ref().map(Spool::left_over).unwrap_or_default();
        let shared = Arc::new(Shared {
            budget,
            positions,
            spool,
            pending: Default::default(),
            count: AtomicUsize::new(0),
            idle: tokio::sync::Notify::new(),
        });
        let mut tasks = JoinSet::new();
        let mut queues: [Vec<_>; LANES] = Default::default();
        for (lane, senders) in queues.iter_mut().enumerate() {
            for client in &clients {
                // The budget and the spool bound the queue.
                let (sender, receiver) = unbounded_channel();
                senders.push(sender);
                let sender = Sender::new(client.clone(), metrics.endpoint(&client.config.name));
                tasks.spawn(deliver(lane, receiver, sender, shared.clone()));
            }
        }
        let entrance = Entrance { shared: shared.clone(), queues };
        for (lane, path) in left_over {
            entrance.enqueue(lane % LANES, Content::Disk(path));
        }
        (Self { shared, tasks }, entrance)
    }

    /// The state, for the pages.
    pub fn state(&self) -> DeliveryState {
        DeliveryState(self.shared.clone())
    }

    /// Waits until all is delivered.
    pub async fn drained(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.shared.count.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Ends the tasks; requests under way are sent again at the next start.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The batches that wait.
#[derive(Debug, Clone)]
pub struct DeliveryState(Arc<Shared>);

impl DeliveryState {
    /// Batches that are not delivered.
    pub fn waiting(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Bytes in the spool.
    pub fn spooled(&self) -> u64 {
        self.0.spool.as_ref().map_or(0, Spool::used)
    }
}

impl Entrance {
    fn enqueue(&self, lane: usize, content: Content) {
        let queues = &self.queues[lane];
        let item = Arc::new(Item { content: Mutex::new(content), missing: AtomicUsize::new(queues.len()) });
        self.shared.count.fetch_add(1, Ordering::AcqRel);
        lock(&self.shared.pending[lane]).push_back(item.clone());
        for queue in queues {
            // The tasks end after the reader.
            let _ = queue.send(item.clone());
        }
    }
}

impl BatchSink for Entrance {
    fn put(&mut self, lane: usize, batch: Batch) {
        let share = self.shared.budget.take(batch.bytes());
        self.enqueue(lane, Content::Memory(Arc::new(Loaded { batch, share })));
    }

    /// Writes the batches in memory to the spool, each lane in order. For the positions, a batch on disk counts as delivered.
    fn make_room(&mut self) -> bool {
        let Some(spool) = &self.shared.spool else { return false };
        let mut made = false;
        for (lane, pending) in self.shared.pending.iter().enumerate() {
            for item in lock(pending).iter() {
                let mut content = lock(&item.content);
                let Content::Memory(loaded) = &*content else { continue };
                let Some(path) = spool.write(lane, &loaded.batch) else { return made };
                self.shared.positions.apply(loaded.batch.positions.clone(), None);
                *content = Content::Disk(path);
                made = true;
            }
        }
        made
    }
}

/// Sends the batches of a queue, in order.
async fn deliver(lane: usize, mut queue: UnboundedReceiver<Arc<Item>>, mut sender: Sender, shared: Arc<Shared>) {
    while let Some(item) = queue.recv().await {
        let memory = match &*lock(&item.content) {
            Content::Memory(loaded) => Ok(loaded.clone()),
            Content::Disk(path) => Err(path.clone()),
        };
        match memory {
            Ok(loaded) => {
                for request in &loaded.batch.requests {
                    sender.deliver(request).await;
                }
            }
            Err(path) => {
                let batch = shared.spool.as_ref().and_then(|spool| spool.read(&path)).unwrap_or_default();
                let _share = shared.budget.take(batch.bytes());
                for request in &batch.requests {
                    sender.deliver(request).await;
                }
            }
        }
        shared.done(lane, item);
    }
}

impl Shared {
    /// An endpoint has accepted an item. Each endpoint takes a lane's items in order, so they complete in order, too.
    fn done(&self, lane: usize, item: Arc<Item>) {
        if item.missing.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        lock(&self.pending[lane]).retain(|pending| !Arc::ptr_eq(pending, &item));
        match std::mem::replace(&mut *lock(&item.content), Content::Disk(PathBuf::new())) {
            Content::Memory(loaded) => {
                let (positions, share): (Changes, _) = match Arc::into_inner(loaded) {
                    Some(Loaded { batch, share }) => (batch.positions, Some(share)),
                    None => Default::default(),
                };
                self.positions.apply(positions, share);
            }
            Content::Disk(path) => {
                if let Some(spool) = &self.spool {
                    spool.remove(&path);
                }
                self.positions.wake();
            }
        }
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }
}

/// The state is consistent even after a panic: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
