//! Counts and their history in one SQLite file, for one process: nothing else has to run.
//!
//! One task, the [`Writer`], owns the connection that writes. The requests that arrive while it writes share its next
//! transaction, and are answered when that is on disk. Counts and history are part of the same transaction, so they always
//! agree, and no answer is ahead of the file.

mod batch;
mod file;
mod folding;
#[cfg(test)]
mod model;
mod reading;
mod writer;

use std::sync::Arc;

use prometheus::{IntGauge, IntGaugeVec};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::counter::CounterError;
use crate::key::Key;
use crate::people::Person;

use self::batch::{Answer, Ask};
pub(crate) use self::file::File;
pub use self::file::StoreError;
pub(crate) use self::reading::{keys, rows};
pub(crate) use self::writer::Writer;

/// Requests that wait for the writer, at most. Further ones wait until it takes these.
const WAITING: usize = 4096;

/// The metrics of a file.
#[derive(Clone, Debug)]
pub(crate) struct Gauges {
    /// 1 while the file can be written.
    pub(crate) up: IntGauge,
    /// Rows of the history, by width.
    pub(crate) rows: IntGaugeVec,
}

/// A request, and where its answer goes.
struct Request {
    ask: Ask,
    answer: oneshot::Sender<Result<Answer, CounterError>>,
}

/// Counts in a file. A clone shares the writer.
#[derive(Clone)]
pub(crate) struct SqliteCounter {
    requests: mpsc::Sender<Request>,
    up: IntGauge,
}

impl SqliteCounter {
    /// A counter with this limit of keys in this file, and the task that writes it.
    pub(crate) async fn new(
        file: Arc<File>,
        keys_at_most: u32,
        gauges: Gauges,
        clock: Clock,
    ) -> Result<(Self, Writer), StoreError> {
        let (requests, receiver) = mpsc::channel(WAITING);
        let up = gauges.up.clone();
        let writer = Writer::open(file, receiver, keys_at_most, gauges, clock).await?;
        Ok((Self { requests, up }, writer))
    }

    /// Whether the last attempt to write succeeded.
    pub(crate) fn can_count(&self) -> bool {
        self.up.get() == 1
    }

    /// Counts one visit; gives the new total once it is on disk.
    pub(crate) async fn increment(&self) -> Result<i64, CounterError> {
        Ok(self.ask(Ask::Visit).await?.total)
    }

    /// Counts one hit of a key; gives the key's new total once it is on disk.
    pub(crate) async fn hit(&self, key: &Key) -> Result<i64, CounterError> {
        Ok(self.ask(Ask::Hit(key.clone())).await?.total)
    }

    /// Counts a hit of a person, unless they were counted shortly before; gives the key's total and whether it was counted.
    pub(crate) async fn hit_once(&self, key: &Key, person: &Person) -> Result<(i64, bool), CounterError> {
        let Answer { total, counted } = self.ask(Ask::HitOnce(key.clone(), person.clone())).await?;
        Ok((total, counted))
    }

    /// The total of visits.
    pub(crate) async fn visits(&self) -> Result<i64, CounterError> {
        Ok(self.ask(Ask::Visits).await?.total)
    }

    /// The hits of a key.
    pub(crate) async fn hits(&self, key: &Key) -> Result<i64, CounterError> {
        Ok(self.ask(Ask::Hits(key.clone())).await?.total)
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, CounterError> {
        let (answer, answered) = oneshot::channel();
        let stopping = || CounterError::Store(Arc::new(StoreError::Stopping));
        self.requests.send(Request { ask, answer }).await.map_err(|_| stopping())?;
        answered.await.unwrap_or_else(|_| Err(stopping()))
    }
}
