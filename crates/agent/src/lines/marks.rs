//! How far a target's lines were handed on, while some of them are held back.

use std::collections::VecDeque;

use crate::position::Moment;

/// The end of a line that was handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where the line ends in the source, as a number that grows.
    pub place: u64,
    /// The line's time, and of the lines before.
    pub moment: Moment,
}

/// The marks of the lines after the first that is held back.
#[derive(Debug, Default)]
pub struct Marks {
    settled: Mark,
    ahead: VecDeque<Mark>,
}

impl Marks {
    /// From a position on.
    pub fn from(moment: Moment, place: u64) -> Self {
        Self { settled: Mark { place, moment }, ahead: VecDeque::new() }
    }

    /// The last line of all.
    pub fn newest(&self) -> Mark {
        self.ahead.back().copied().unwrap_or(self.settled)
    }

    /// Adds a line. `held`: it, or one before it, may be held back.
    pub fn add(&mut self, time: i64, place: u64, held: bool) {
        let mark = Mark { place, moment: self.newest().moment.next(time) };
        if held || !self.ahead.is_empty() {
            self.ahead.push_back(mark);
        } else {
            self.settled = mark;
        }
    }

    /// The last line before the first one that is held, which starts at `held`.
    pub fn settle(&mut self, held: Option<u64>) -> Mark {
        while let Some(mark) = self.ahead.front().copied().filter(|mark| held.is_none_or(|held| mark.place <= held)) {
            self.settled = mark;
            self.ahead.pop_front();
        }
        self.settled
    }

    /// The last line that ends before a place; without one, the last of all.
    pub fn before(&self, place: Option<u64>) -> Mark {
        let Some(place) = place else { return self.newest() };
        self.ahead.iter().rev().find(|mark| mark.place <= place).copied().unwrap_or(self.settled)
    }

    /// Whether there are lines after the first that is held.
    pub fn is_behind(&self) -> bool {
        !self.ahead.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_held_holds_the_position_before_it() {
        let mut marks = Marks::default();
        marks.add(1, 10, false);
        assert_eq!(marks.settle(None).place, 10);
        marks.add(2, 20, true);
        marks.add(2, 30, true);
        assert_eq!(marks.settle(Some(10)).place, 10);
        assert_eq!(marks.settle(Some(20)), Mark { place: 20, moment: Moment { time: 2, lines_at_time: 1, latest: 2 } });
        assert_eq!(marks.settle(None), Mark { place: 30, moment: Moment { time: 2, lines_at_time: 2, latest: 2 } });
        assert!(!marks.is_behind());
    }
}
