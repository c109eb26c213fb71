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
}

impl Recent {
    /// Whether a line is none of those seen last. One that is later than all others is new without a look.
    pub fn is_new(&mut self, time: i64, stream: Stream, text: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        (time, stream, text).hash(&mut hasher);
        let key = hasher.finish();
        if time <= self.latest && self.known.contains(&key) {
            return false;
        }
        self.latest = self.latest.max(time);
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
        let mut new = |time, text: &str| recent.is_new(time, Stream::Stdout, text.as_bytes());
        assert!(new(1, "a") && new(2, "b") && new(2, "c"));
        assert!(!new(1, "a") && !new(2, "b") && !new(2, "c"));
        assert!(new(3, "d"));
        assert!(new(1, "e"), "set back");
        assert!(recent.is_new(2, Stream::Stderr, b"b"));
    }
}
