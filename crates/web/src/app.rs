//! What requests share.

use std::sync::Arc;

use crate::counter::Counter;
use crate::instruments::Instruments;
use crate::reader::{ReadError, Reader};
use crate::slots::Stats;

/// What requests share: the counter, its metrics, and where the history is read.
pub(crate) struct App {
    pub(crate) counter: Counter,
    pub(crate) instruments: Instruments,
    pub(crate) replica: String,
    /// What `/` says instead of the welcome page.
    pub(crate) greeting: Option<String>,
    /// Reads the history, where one is kept.
    pub(crate) reader: Option<Reader>,
}

impl App {
    /// Visits by the hour and by the day.
    pub(crate) async fn stats(&self) -> Result<Arc<Stats>, ReadError> {
        self.reader.as_ref().ok_or(ReadError::NotKept)?.stats().await
    }
}
