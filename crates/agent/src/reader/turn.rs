//! A turn: how long a source is read before the others, and the result.

use std::time::Instant;

/// How much is read at once: more than the longest record of the engine (16 KiB of text, each byte an escape of six).
pub(super) const CHUNK: usize = 128 * 1024;
/// A source gives way to the others after this many bytes.
pub(super) const TURN: usize = CHUNK;

/// The result of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There may be more at once.
    More,
    /// Everything that was written so far is read.
    Drained,
    /// The job accepts nothing before then.
    Wait(Instant),
    /// The engine's stream ended.
    StreamEnded,
}
