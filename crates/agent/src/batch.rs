//! Lines on their way to Loki, gathered by stream and encoded as they come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use wharf_loki::Labels;
use wharf_loki::push::StreamBuffer;

use crate::budget::{Account, Accounts};
use crate::position::Position;

/// What was gathered of a lane's targets, and how far they were read with it.
#[derive(Debug, Default)]
pub struct Batch {
    /// A request for each tenant. They are delivered independently of each other.
    pub requests: Vec<Request>,
    /// The targets' positions once their lines in this batch and in those before it are acknowledged; `None`: the target is
    /// gone.
    pub positions: Vec<(Arc<str>, Option<Position>)>,
}

/// The streams of one tenant: the unit of delivery.
#[derive(Debug, Default)]
pub struct Request {
    /// The tenant that the `tenant` stage named.
    pub tenant: Option<Arc<str>>,
    /// The streams, each with its entries in order.
    pub streams: Vec<BatchStream>,
    /// The targets whose lines these are.
    pub targets: Vec<Arc<str>>,
    /// The tenant's account, which pays for the memory.
    pub account: Account,
}

/// The entries of a stream.
#[derive(Debug)]
pub struct BatchStream {
    /// The stream.
    pub labels: Labels,
    /// Its entries, encoded.
    pub entries: StreamBuffer,
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
    requests: Vec<OpenRequest>,
    slots: HashMap<(Option<Arc<str>>, Labels), Slot>,
    serial: u64,
    bytes: usize,
    since: Option<Instant>,
}

/// The request of one tenant that is being filled.
#[derive(Debug)]
struct OpenRequest {
    request: Request,
    bytes: usize,
    /// The numbers of the targets whose lines these are, in the order they came; one may be there several times.
    targets: Vec<u64>,
}

impl OpenBatch {
    /// Bytes of encoded entries.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the entries that an account pays for.
    pub fn bytes_of(&self, account: &Account) -> usize {
        self.requests.iter().filter(|open| open.request.account == *account).map(|open| open.bytes).sum()
    }

    /// The accounts of the requests whose last line is one of this target's.
    pub fn accounts_of(&self, target: u64) -> impl Iterator<Item = &Account> {
        self.requests.iter().filter(move |open| open.targets.last() == Some(&target)).map(|open| &open.request.account)
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
    pub fn slot(&mut self, tenant: Option<&str>, labels: &Labels, accounts: &mut Accounts) -> Slot {
        let key = (tenant.map(Arc::from), labels.clone());
        if let Some(slot) = self.slots.get(&key) {
            return *slot;
        }
        let request = self.requests.iter().position(|open| open.request.tenant == key.0).unwrap_or_else(|| {
            let account = accounts.of(key.0.as_ref());
            let request = Request { tenant: key.0.clone(), account, ..Request::default() };
            self.requests.push(OpenRequest { request, bytes: 0, targets: Vec::new() });
            self.requests.len() - 1
        });
        let streams = &mut self.requests[request].request.streams;
        streams.push(BatchStream { labels: labels.clone(), entries: StreamBuffer::new(labels.to_string()) });
        let slot = Slot { serial: self.serial, request, stream: streams.len() - 1 };
        self.slots.insert(key, slot);
        slot
    }

    /// Adds an entry of a target. `time` is in nanoseconds since 1970.
    pub fn push<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        slot: Slot,
        target: u64,
        now: Instant,
        time: i64,
        line: &str,
        metadata: &[(N, V)],
    ) {
        let open = &mut self.requests[slot.request];
        let entries = &mut open.request.streams[slot.stream].entries;
        let before = entries.bytes();
        entries.push(time, line, metadata);
        let more = entries.bytes() - before;
        open.bytes += more;
        self.bytes += more;
        // A target's lines come many at a time.
        if open.targets.last() != Some(&target) {
            open.targets.push(target);
        }
        self.since.get_or_insert(now);
    }

    /// Takes what was gathered; the batch is empty then. `key` gives the key of a target by its number.
    pub fn close(&mut self, key: impl Fn(u64) -> Option<Arc<str>>) -> Vec<Request> {
        self.serial += 1;
        self.bytes = 0;
        self.since = None;
        self.slots.clear();
        let closed = std::mem::take(&mut self.requests).into_iter().map(|mut open| {
            open.targets.sort_unstable();
            open.targets.dedup();
            open.request.targets = open.targets.into_iter().filter_map(&key).collect();
            open.request
        });
        closed.collect()
    }
}
