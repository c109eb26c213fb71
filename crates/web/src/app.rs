//! The state that requests share.

use std::sync::Arc;

use crate::counter::Counter;
use crate::instruments::Instruments;
use crate::reader::{ReadError, Reader};
use crate::slots::Stats;

/// The state that requests share: the counter, its metrics and the reader of the history.
pub(crate) struct App {
    pub(crate) counter: Counter,
    pub(crate) instruments: Instruments,
    pub(crate) replica: String,
    /// Shown at `/` instead of the welcome page.
    pub(crate) greeting: Option<String>,
    /// Reads the history, if one is kept.
    pub(crate) reader: Option<Reader>,
}

impl App {
    /// Visits by the hour and by the day.
    pub(crate) async fn stats(&self) -> Result<Arc<Stats>, ReadError> {
        self.reader.as_ref().ok_or(ReadError::NotKept)?.stats().await
    }
}
