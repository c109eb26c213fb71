//! One turn of reading a log on disk.

use std::sync::atomic::Ordering;
use std::time::Instant;

use memchr::memchr;

use super::sink::{Sink, TargetState};
use super::turn::Turn;
use crate::lines::files::LogFiles;
use crate::lines::join::{Joiner, Piece};
use crate::lines::{Stream, json_file};

/// The parts of a source that a turn works on.
pub(super) struct FileTurn<'a> {
    pub(super) files: &'a mut LogFiles,
    pub(super) plain: bool,
    pub(super) joiner: &'a mut Joiner,
    pub(super) state: &'a mut TargetState,
    pub(super) ended: &'a mut bool,
    pub(super) gone: bool,
    pub(super) sink: &'a mut Sink,
    pub(super) scratch: &'a mut Vec<u8>,
    /// The turn is over after about so many bytes.
    pub(super) most: usize,
}

/// What is to be done after some records.
enum Then {
    /// Go on.
    Next,
    /// The job accepts nothing before then.
    Wait(Instant),
    /// The file is another one, and is read from its start.
    Restarted,
}

impl FileTurn<'_> {
    /// Reads until the turn is over, or nothing is left.
    pub(super) fn run(mut self, chunk: &mut [u8], names_changed: bool) -> Turn {
        if names_changed {
            self.look_for_new();
        }
        let mut read = 0;
        while read < self.most {
            let Some(count) = self.peek(chunk) else { return Turn::Drained };
            let (taken, then) = self.records(&chunk[..count]);
            self.files.take(&chunk[..count], taken);
            read += taken;
            match then {
                Then::Wait(until) => return Turn::Wait(until),
                Then::Restarted => continue,
                Then::Next => {}
            }
            if taken == 0 && !self.stuck(&chunk[..count], count == chunk.len()) {
                return self.drained();
            }
        }
        Turn::More
    }

    fn peek(&mut self, chunk: &mut [u8]) -> Option<usize> {
        match self.files.peek(chunk) {
            Ok(0) if self.files.restart_if_truncated() => self.files.peek(chunk).ok(),
            Ok(count) => Some(count),
            Err(error) => {
                self.state.target.state.fail(format!("cannot read {}: {error}", self.files.path().display()));
                None
            }
        }
    }

    /// Hands on the whole records of a chunk; gives how many bytes they took, and what is to be done then.
    fn records(&mut self, chunk: &[u8]) -> (usize, Then) {
        let start = self.files.place();
        let mut taken = 0;
        while let Some(length) = memchr(b'\n', &chunk[taken..]) {
            if let Some(wait) = self.sink.waits_until(self.state.target.job) {
                return (taken, Then::Wait(wait));
            }
            let (first, last) = (start + taken as u64, start + (taken + length + 1) as u64);
            let readable = self.record(&chunk[taken..taken + length], true, first, last);
            if !readable && taken == 0 && self.files.restart_if_replaced() {
                return (0, Then::Restarted);
            }
            taken += length + 1;
            if taken >= self.most {
                break;
            }
        }
        (taken, Then::Next)
    }

    /// Hands on one record; false: the bytes are not a record.
    fn record(&mut self, bytes: &[u8], ended: bool, first: u64, last: u64) -> bool {
        let piece = if self.plain {
            // One time for the whole of a long line: its pieces are joined.
            let time = self.joiner.open_time(Stream::Stdout).unwrap_or(self.sink.now.unix);
            Piece { text: bytes, ended, stream: Stream::Stdout, time, first, last }
        } else if let Some(record) = json_file::parse(bytes, self.scratch) {
            let json_file::Record { text, ended, stream, time } = record;
            Piece { text, ended, stream, time, first, last }
        } else {
            let state = &self.state.target.state;
            state.unreadable.fetch_add(1, Ordering::Relaxed);
            state.fail(format!("{} bytes are not a record of the engine", bytes.len()));
            return false;
        };
        self.sink.piece(self.joiner, self.state, piece);
        true
    }

    /// No line break in what is left of a file. False: more may be written.
    fn stuck(&mut self, chunk: &[u8], full: bool) -> bool {
        let first = self.files.place();
        let last = first + chunk.len() as u64;
        if full {
            // Of the engine's records, none is so long.
            self.record(chunk, false, first, last);
            self.files.take(chunk, chunk.len());
            return true;
        }
        let last_of_all = self.gone && !chunk.is_empty();
        if !self.files.is_rotated() && !last_of_all {
            return false;
        }
        if !chunk.is_empty() {
            self.record(chunk, true, first, last);
            self.files.take(chunk, chunk.len());
        }
        self.files.next_file();
        self.state.left_file = true;
        true
    }

    /// All is read that is there.
    fn drained(&mut self) -> Turn {
        if std::mem::take(self.ended) {
            let (state, sink) = (&mut *self.state, &mut *self.sink);
            self.joiner.finish(|line| sink.line(state, line, false));
        }
        Turn::Drained
    }

    fn look_for_new(&mut self) {
        let state = &self.state.target.state;
        match self.files.look_for_new() {
            Ok(false) => {}
            Ok(true) => state.fail("files were rotated away before they could be opened".to_owned()),
            Err(error) => state.fail(format!("cannot open {}: {error}", self.files.path().display())),
        }
    }
}
