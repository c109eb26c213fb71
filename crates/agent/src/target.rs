//! A target: a container or a file, its labels, and its state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use wharf_loki::Labels;

use crate::lines::Stream;

/// A container or a file whose lines are delivered.
#[derive(Debug)]
pub struct Target {
    /// The key of its position: `docker/<id>` or `file/<path>`.
    pub key: Arc<str>,
    /// The name for people: the container's name, or the path.
    pub name: String,
    /// Which scrape job it belongs to, counted from 0.
    pub job: usize,
    /// The labels before relabelling.
    pub discovered: Labels,
    /// The labels of each stream after relabelling; `None`: a rule leaves it out.
    pub labels: [Option<Labels>; 2],
    /// What happened so far.
    pub state: State,
}

/// What happened to a target so far.
#[derive(Debug, Default)]
pub struct State {
    /// Lines that were read.
    pub lines: AtomicU64,
    /// Bytes of those lines.
    pub bytes: AtomicU64,
    /// Bytes that are on disk and not read. Not known through the Engine API.
    pub unread: AtomicU64,
    /// The time of the line read last, in nanoseconds since 1970.
    pub last: AtomicI64,
    /// The time of the line acknowledged last.
    pub acknowledged: AtomicI64,
    /// Lines that were cut at the limit.
    pub cut: AtomicU64,
    /// Records that could not be read.
    pub unreadable: AtomicU64,
    /// Unread lines are in a file that the next rotation removes.
    pub endangered: AtomicBool,
    /// Bytes that were rotated away before they could be read.
    pub lost: AtomicU64,
    /// It is not read because its lines wait already, or its stages want a pause.
    pub waits: AtomicBool,
    /// How it is read: from disk if true, else through the Engine API.
    pub on_disk: AtomicBool,
    last_error: std::sync::Mutex<Option<String>>,
}

impl State {
    /// Records an error.
    pub fn fail(&self, error: String) {
        if let Ok(mut last) = self.last_error.lock() {
            *last = Some(error);
        }
    }

    /// The last error.
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().ok()?.clone()
    }

    /// Seconds between the last line that was read and the last that was acknowledged; and, while lines are unread, up to
    /// `now` (nanoseconds since 1970).
    pub fn lag_seconds(&self, now: i64) -> f64 {
        let (read, acknowledged) = (self.last.load(Ordering::Relaxed), self.acknowledged.load(Ordering::Relaxed));
        let to = if self.unread.load(Ordering::Relaxed) > 0 { now } else { read };
        if acknowledged == 0 || to <= acknowledged {
            return 0.0;
        }
        (to - acknowledged) as f64 / 1e9
    }
}

impl Target {
    /// The labels of a stream.
    pub fn labels_of(&self, stream: Stream) -> Option<&Labels> {
        self.labels[stream as usize].as_ref()
    }
}
