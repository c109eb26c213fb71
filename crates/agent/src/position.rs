//! How far a log was read.

use serde::{Deserialize, Serialize};

/// How far a target's log was read: by file, where it is read on disk, and by time, for the Engine API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The file and the offset in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FilePosition>,
    /// The last line.
    #[serde(flatten)]
    pub moment: Moment,
}

/// A place in a file, which is recognised after a rename and a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePosition {
    /// The file system's number.
    pub device: u64,
    /// The file's number in it. A later file may get the same number, so the head distinguishes them.
    pub inode: u64,
    /// A hash of the file's first `head_length` bytes, in hexadecimal.
    pub head: String,
    /// At most [`HEAD`] bytes.
    pub head_length: u32,
    /// Bytes that were read.
    pub offset: u64,
}

/// How many bytes from its start identify a file.
pub const HEAD: usize = 256;

/// FNV-1a, 64 bits: the same in every version of wharf.
pub fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The [`fnv`] of a file's first bytes, in hexadecimal.
pub fn head_hash(bytes: &[u8]) -> String {
    format!("{:016x}", fnv(bytes))
}

/// The last line of a log that was read, by time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The line's time, in nanoseconds since 1970.
    pub time: i64,
    /// How many lines of exactly that time were read last.
    pub lines_at_time: u64,
    /// The latest time of all lines before: later than `time` where the clock was set back.
    pub latest: i64,
}

impl Moment {
    /// After one more line.
    pub fn next(self, time: i64) -> Self {
        if time == self.time {
            Self { lines_at_time: self.lines_at_time + 1, ..self }
        } else {
            Self { time, lines_at_time: 1, latest: self.latest.max(time) }
        }
    }
}

/// Skips the lines that a resumed stream repeats: up to the last line of the position, except lines later than all that
/// were read.
#[derive(Debug)]
pub struct Skip {
    after: Moment,
    seen: u64,
    over: bool,
}

impl Skip {
    /// Skips what was read before `after`.
    pub fn new(after: Moment) -> Self {
        Self { after, seen: 0, over: after.lines_at_time == 0 }
    }

    /// Whether a line of this time is new.
    pub fn is_new(&mut self, time: i64) -> bool {
        if self.over {
            return true;
        }
        if time == self.after.time {
            self.seen += 1;
            self.over = self.seen == self.after.lines_at_time;
            return false;
        }
        self.over = time > self.after.latest;
        self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `times` up to `stop`, and then again from the first line that is not more than `margin` earlier than the
    /// position, as the engine does with `since`.
    fn resumed(times: &[i64], stop: usize, margin: i64) -> Vec<i64> {
        let position = times[..stop].iter().fold(Moment::default(), |moment, time| moment.next(*time));
        let mut skip = Skip::new(position);
        let again = times.iter().filter(|time| **time >= position.time - margin);
        again.copied().filter(|time| skip.is_new(*time)).collect()
    }

    #[test]
    fn a_resumed_stream_neither_repeats_nor_loses_lines_of_the_same_time() {
        let times = [1, 2, 2, 2, 3, 3];
        for stop in 1..=times.len() {
            assert_eq!(resumed(&times, stop, 0), times[stop..], "{stop}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_repeats_nothing() {
        let times = [10, 20, 30, 15, 16, 40];
        for stop in 1..=times.len() {
            assert_eq!(resumed(&times, stop, 20), times[stop..], "{stop}");
        }
    }

    #[test]
    fn a_last_line_that_is_gone_ends_the_skipping() {
        let mut skip = Skip::new(Moment { time: 5, lines_at_time: 2, latest: 5 });
        assert!(skip.is_new(6));
        assert!(skip.is_new(7));
    }
}
