//! The time of an entry's processing.

use std::time::Instant;

/// A moment by both clocks. Taken once for many entries.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The wall clock, in nanoseconds since 1970.
    pub unix: i64,
    /// The monotonic clock, for timers and rates.
    pub monotonic: Instant,
}
