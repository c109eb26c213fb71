//! Lines on their way to Loki, gathered by stream and encoded as they come.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use wharf_loki::Labels;
use wharf_loki::push::StreamBuffer;

use crate::position::Position;

/// The unit of delivery: its lines are acknowledged together.
#[derive(Debug, Default)]
pub struct Batch {
    /// A request for each tenant.
    pub requests: Vec<Request>,
    /// The targets' positions once this batch and those before it are acknowledged; `None`: the target is gone.
    pub positions: Vec<(Arc<str>, Option<Position>)>,
}

/// The streams of one tenant.
#[derive(Debug, Default)]
pub struct Request {
    /// The tenant that the `tenant` stage named.
    pub tenant: Option<Arc<str>>,
    /// The streams, each with its entries in order.
    pub streams: Vec<BatchStream>,
}

/// The entries of a stream.
#[derive(Debug)]
pub struct BatchStream {
    /// The stream.
    pub labels: Labels,
    /// Its entries, encoded.
    pub entries: StreamBuffer,
}

impl Batch {
    /// How much memory the entries take, in bytes.
    pub fn bytes(&self) -> usize {
        self.requests.iter().map(Request::bytes).sum()
    }
}

impl Request {
    /// How much memory the entries take, in bytes.
    pub fn bytes(&self) -> usize {
        self.streams.iter().map(|stream| stream.entries.bytes()).sum()
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.streams.iter().map(|stream| stream.entries.len()).sum()
    }
}

/// The place of a stream in the open batch. It is valid until the batch is closed.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    serial: u64,
    request: usize,
    stream: usize,
}

/// The batch that is being filled.
#[derive(Debug, Default)]
pub struct OpenBatch {
    requests: Vec<Request>,
    slots: HashMap<(Option<Arc<str>>, Labels), Slot>,
    serial: u64,
    bytes: usize,
    since: Option<Instant>,
}

impl OpenBatch {
    /// Bytes of encoded entries.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the first entry came; `None`: it is empty.
    pub fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Whether the slot is one of this batch.
    pub fn has(&self, slot: Slot) -> bool {
        slot.serial == self.serial
    }

    /// The place of a stream.
    pub fn slot(&mut self, tenant: Option<&str>, labels: &Labels) -> Slot {
        let key = (tenant.map(Arc::from), labels.clone());
        if let Some(slot) = self.slots.get(&key) {
            return *slot;
        }
        let request = self.requests.iter().position(|request| request.tenant == key.0).unwrap_or_else(|| {
            self.requests.push(Request { tenant: key.0.clone(), streams: Vec::new() });
            self.requests.len() - 1
        });
        let streams = &mut self.requests[request].streams;
        streams.push(BatchStream { labels: labels.clone(), entries: StreamBuffer::new(labels.to_string()) });
        let slot = Slot { serial: self.serial, request, stream: streams.len() - 1 };
        self.slots.insert(key, slot);
        slot
    }

    /// Adds an entry. `time` is in nanoseconds since 1970.
    pub fn push<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        slot: Slot,
        now: Instant,
        time: i64,
        line: &str,
        metadata: &[(N, V)],
    ) {
        let entries = &mut self.requests[slot.request].streams[slot.stream].entries;
        let before = entries.bytes();
        entries.push(time, line, metadata);
        self.bytes += entries.bytes() - before;
        self.since.get_or_insert(now);
    }

    /// Takes what was gathered; the batch is empty then.
    pub fn close(&mut self) -> Vec<Request> {
        self.serial += 1;
        self.bytes = 0;
        self.since = None;
        self.slots.clear();
        std::mem::take(&mut self.requests)
    }
}

/// A limit of the memory for lines that are read and not acknowledged.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    limit: usize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit })
    }

    /// The limit, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether the memory is used up.
    pub fn is_full(&self, more: usize) -> bool {
        self.used() + more >= self.limit
    }

    /// Takes bytes; they are given back when the share is dropped.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Share {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Share { budget: self.clone(), bytes }
    }
}

/// A part of a [`Budget`] that is in use.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
