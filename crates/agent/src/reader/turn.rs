//! How long a source is read before the others are, and what came of it.

use std::time::Instant;

/// How much is read at once: more than the longest record of the engine (16 KiB of text, each byte an escape of six).
pub(super) const CHUNK: usize = 128 * 1024;
/// A source gives way to the others after this many bytes.
pub(super) const TURN: usize = CHUNK;

/// What a turn of reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There may be more at once.
    More,
    /// Nothing is left for now.
    Drained,
    /// The job takes nothing before then.
    Wait(Instant),
    /// The engine's stream ended.
    StreamEnded,
}
