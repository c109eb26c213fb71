//! The lines seen last: the engine's stream (20.10) repeats up to some hundred lines when it rotates a file.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Stream;

/// How many lines are remembered: more than were ever seen repeated.
const REMEMBERED: usize = 2048;

/// Lines by time and content.
#[derive(Debug, Default)]
pub struct Recent {
    order: VecDeque<u64>,
    known: HashSet<u64>,
    latest: i64,
    /// Whether lines came as they were written.
    live: bool,
}

/// Lines of the two streams may arrive in another order than that of their times.
const DISORDER: i64 = 1_000_000_000;
/// A line younger than this arrives as it is written.
const LIVE: i64 = 5_000_000_000;

impl Recent {
    /// Whether a line is new: it was not seen, or is later than all others. `now` is the time of this machine:
    /// while it is later than all lines, the clock was not set back, and lines that are earlier than those before are
    /// repeated, though they were seen too long ago to be remembered.
    pub fn is_new(&mut self, time: i64, stream: Stream, text: &[u8], now: i64) -> bool {
        let mut hasher = DefaultHasher::new();
        (time, stream, text).hash(&mut hasher);
        let key = hasher.finish();
        if time <= self.latest && self.known.contains(&key) {
            return false;
        }
        if self.live && time < self.latest - DISORDER && self.latest <= now {
            return false;
        }
        self.latest = self.latest.max(time);
        self.live |= now - time < LIVE;
        self.known.insert(key);
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_are_known_and_a_clock_that_was_set_back_is_not_taken_for_that() {
        let mut recent = Recent::default();
        let mut new = |time, text: &str| recent.is_new(time, Stream::Stdout, text.as_bytes(), 2);
        assert!(new(1, "a") && new(2, "b") && new(2, "c"));
        assert!(!new(1, "a") && !new(2, "b") && !new(2, "c"));
        assert!(new(3, "d"));
        assert!(new(1, "e"), "set back");
        assert!(recent.is_new(2, Stream::Stderr, b"b", 2));
    }

    #[test]
    fn more_than_is_remembered_may_be_repeated_of_what_came_live() {
        let mut recent = Recent::default();
        let second = 1_000_000_000;
        let mut new = |time: i64, now: i64| recent.is_new(time * second, Stream::Stdout, b"x", now * second);
        assert!((0..5_000).all(|time| new(time, time)));
        assert!((0..4_990).all(|time| !new(time, 5_000)));
        assert!((5_001..6_000).all(|time| new(time, time)));
        assert!((1_000..2_000).all(|time| new(time, time)), "the clock was set back");
    }
}
