//! The state that requests share.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::counter::Counter;
use crate::instruments::{HistoryInstruments, NotCounted};
use crate::key::Key;
use crate::people::TrustedProxies;
use crate::reader::{KeyRow, ReadError, Reader};
use crate::series::{Series, Subject};
use crate::slots::Stats;

/// The state that requests share: the counter and the reader of the history.
pub(crate) struct App {
    pub(crate) counter: Counter,
    /// The history's metrics, if Postgres keeps one.
    pub(crate) history: Option<HistoryInstruments>,
    pub(crate) replica: String,
    /// Shown at `/` instead of the welcome page.
    pub(crate) greeting: Option<String>,
    /// The proxies whose word about clients is taken.
    pub(crate) proxies: TrustedProxies,
    /// Requests that did not count.
    pub(crate) not_counted: NotCounted,
    /// Reads the history, if one is kept.
    pub(crate) reader: Option<Reader>,
    pub(crate) clock: Clock,
}

impl App {
    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Visits by the hour and by the day.
    pub(crate) async fn stats(&self) -> Result<Stats, ReadError> {
        Ok(Stats::new(&*self.series(&Subject::Visits).await?, self.now()))
    }

    /// The history of `subject`.
    pub(crate) async fn series(&self, subject: &Subject) -> Result<Arc<Series>, ReadError> {
        self.reader.as_ref().ok_or(ReadError::NotKept)?.series(subject).await
    }

    /// The history of `key`, whose total this is. That of a key that nobody has counted is empty and is not read: anybody may
    /// ask for any name.
    pub(crate) async fn key_series(&self, key: &Key, total: i64) -> Result<Arc<Series>, ReadError> {
        match &self.reader {
            None => Err(ReadError::NotKept),
            Some(_) if total == 0 => Ok(Arc::default()),
            Some(reader) => reader.series(&Subject::Key(key.clone())).await,
        }
    }

    /// All keys that were ever hit, in no order.
    pub(crate) async fn keys(&self) -> Result<Arc<Vec<KeyRow>>, ReadError> {
        self.reader.as_ref().ok_or(ReadError::NotKept)?.keys().await
    }
}
