//! Requests from the reader to each endpoint, on disk when memory is short, removed when all endpoints have accepted
//! them.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::client::Client;
use super::dispatch::dispatch;
use super::ledger::{Changes, Ledger};
use super::sender::Sender;
use crate::batch::{Batch, Request};
use crate::budget::{Account, Budget, Share};
use crate::metrics::Metrics;
use crate::position::fnv;
use crate::positions::Positions;
use crate::reader::BatchSink;
use crate::spool::Spool;

/// About the memory that a request takes beside its entries, in bytes. Lines choose the tenant, so there may be many requests.
const REQUEST_TAKES: usize = 2048;
/// What an endpoint has not taken for so long does not stay in memory alone once its file was rotated. One that is up takes it
/// sooner.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is delivered in order, one item at a time: a lane, and a hash of the tenant.
pub(super) type Key = (usize, u64);

/// A request on its way.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) key: Key,
    account: Account,
    content: Mutex<Content>,
    since: Instant,
    /// Endpoints that do not have it yet.
    missing: AtomicUsize,
}

#[derive(Debug)]
enum Content {
    Memory(Arc<InMemory>),
    Disk(PathBuf),
}

#[derive(Debug)]
pub(super) struct InMemory {
    requests: [Request; 1],
    share: Share,
    /// The number of its batch.
    batch: u64,
}

/// An item's content while it is sent.
#[derive(Debug)]
pub(super) enum Loaded {
    Memory(Arc<InMemory>),
    /// Earlier versions wrote a file for several requests.
    Disk {
        requests: Vec<Request>,
        _share: Share,
    },
}

impl InMemory {
    /// Whether lines of this target are in it.
    fn is_about(&self, target: &Arc<str>) -> bool {
        self.requests.iter().any(|request| request.targets.contains(target))
    }
}

impl Loaded {
    pub(super) fn requests(&self) -> &[Request] {
        match self {
            Loaded::Memory(memory) => &memory.requests,
            Loaded::Disk { requests, .. } => requests,
        }
    }
}

/// What all parts of the delivery share.
#[derive(Debug)]
pub(super) struct Shared {
    budget: Arc<Budget>,
    positions: Arc<Positions>,
    spool: Option<Spool>,
    ledger: Mutex<Ledger>,
    /// Undelivered items, oldest first.
    pending: Mutex<VecDeque<Arc<Item>>>,
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
    /// One for each endpoint.
    queues: Vec<UnboundedSender<Arc<Item>>>,
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
            ledger: Mutex::default(),
            pending: Mutex::default(),
            count: AtomicUsize::new(0),
            idle: tokio::sync::Notify::new(),
        });
        let mut tasks = JoinSet::new();
        let queues = clients.into_iter().map(|client| {
            // The budget and the spool bound the queue.
            let (queue, items) = unbounded_channel();
            let metrics = metrics.endpoint(&client.config.name);
            tasks.spawn(dispatch(Sender::new(client, metrics), items, shared.clone()));
            queue
        });
        let entrance = Entrance { queues: queues.collect(), shared: shared.clone() };
        for (key, path) in left_over {
            entrance.enqueue(key, Account::default(), Content::Disk(path));
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

    /// Ends the tasks. What is left goes to the spool, or is read again at the next start.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        // A disk that is slow may take a moment.
        let _ = tokio::task::spawn_blocking(move || self.shared.to_spool(|_| true)).await;
    }
}

/// The requests that wait.
#[derive(Debug, Clone)]
pub struct DeliveryState(Arc<Shared>);

impl DeliveryState {
    /// Requests that are not delivered.
    pub fn waiting(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Bytes in the spool.
    pub fn spooled(&self) -> u64 {
        self.0.spool.as_ref().map_or(0, Spool::used)
    }

    /// Bytes of the spool's files that could not be read, and whose lines are lost; `None`: there is no spool.
    pub fn damaged(&self) -> Option<u64> {
        self.0.spool.as_ref().map(Spool::damaged)
    }

    /// Since when the oldest lines of each target wait for an acknowledgement.
    pub fn oldest(&self) -> HashMap<Arc<str>, Instant> {
        lock(&self.0.ledger).oldest()
    }
}

impl Entrance {
    fn enqueue(&self, key: Key, account: Account, content: Content) {
        let missing = AtomicUsize::new(self.queues.len());
        let item = Arc::new(Item { key, account, content: Mutex::new(content), since: Instant::now(), missing });
        self.shared.count.fetch_add(1, Ordering::AcqRel);
        lock(&self.shared.pending).push_back(item.clone());
        for queue in &self.queues {
            // The tasks end after the reader.
            let _ = queue.send(item.clone());
        }
    }
}

impl BatchSink for Entrance {
    fn put(&mut self, lane: usize, batch: Batch) {
        let targets = batch.requests.iter().map(|request| request.targets.as_slice());
        // Held until they are applied: an older position must not follow a newer one.
        let mut ledger = lock(&self.shared.ledger);
        let (number, changes) = ledger.begin(targets, batch.positions, Instant::now());
        if !changes.is_empty() {
            self.shared.positions.apply(changes, None);
        }
        drop(ledger);
        for request in batch.requests {
            let (key, account) = ((lane, tenant_hash(request.tenant.as_deref())), request.account.clone());
            let share = self.shared.budget.take(request.bytes() + REQUEST_TAKES, &account);
            self.enqueue(
                key,
                account,
                Content::Memory(Arc::new(InMemory { requests: [request], share, batch: number })),
            );
        }
    }

    fn make_room(&mut self, accounts: &[Account]) {
        self.shared.to_spool(|item| accounts.contains(&item.account));
    }

    fn rotated(&mut self, target: &Arc<str>) -> bool {
        if self.shared.spool.is_none() {
            return true;
        }
        let in_memory =
            |item: &Item| matches!(&*lock(&item.content), Content::Memory(memory) if memory.is_about(target));
        let keys = || -> Vec<Key> {
            lock(&self.shared.pending).iter().filter(|item| in_memory(item)).map(|item| item.key).collect()
        };
        let waiting = keys();
        // Those that are on disk wait, too.
        let late = |item: &Arc<Item>| item.since.elapsed() >= PATIENCE && waiting.contains(&item.key);
        if lock(&self.shared.pending).iter().any(late) {
            self.shared.to_spool(in_memory);
        }
        keys().is_empty()
    }
}

impl Shared {
    /// Writes items in memory to the spool, in order, as long as there is room. For the positions, a request on disk counts as
    /// delivered.
    fn to_spool(&self, wanted: impl Fn(&Item) -> bool) {
        let Some(spool) = &self.spool else { return };
        let items: Vec<Arc<Item>> = lock(&self.pending).iter().filter(|item| wanted(item)).cloned().collect();
        for item in items {
            let mut content = lock(&item.content);
            let Content::Memory(memory) = &*content else { continue };
            let Some(path) = spool.write(item.key, &memory.requests) else { return };
            let mut ledger = lock(&self.ledger);
            let changes = ledger.acknowledge(memory.batch, &memory.requests[0].targets);
            self.positions.apply(changes, None);
            drop(ledger);
            *content = Content::Disk(path);
        }
    }

    /// What is to be sent of an item. One on disk takes memory only while it is sent.
    ///
    /// # Errors
    /// It cannot be read for the moment.
    pub(super) fn load(&self, item: &Item) -> io::Result<Loaded> {
        let path = match &*lock(&item.content) {
            Content::Memory(memory) => return Ok(Loaded::Memory(memory.clone())),
            Content::Disk(path) => path.clone(),
        };
        let requests = match &self.spool {
            Some(spool) => spool.read(&path)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let _share = self.budget.take(requests.iter().map(Request::bytes).sum(), &Account::default());
        Ok(Loaded::Disk { requests, _share })
    }

    /// An endpoint has accepted an item.
    pub(super) fn done(&self, item: &Arc<Item>) {
        if item.missing.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        lock(&self.pending).retain(|pending| !Arc::ptr_eq(pending, item));
        match std::mem::replace(&mut *lock(&item.content), Content::Disk(PathBuf::new())) {
            Content::Memory(memory) => {
                let mut ledger = lock(&self.ledger);
                let changes: Changes = ledger.acknowledge(memory.batch, &memory.requests[0].targets);
                let share = Arc::into_inner(memory).map(|memory| memory.share);
                self.positions.apply(changes, share);
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

/// The hash of a tenant; 0: no stage names one.
fn tenant_hash(tenant: Option<&str>) -> u64 {
    tenant.map_or(0, |tenant| fnv(tenant.as_bytes()))
}

/// The state is consistent even after a panic: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
