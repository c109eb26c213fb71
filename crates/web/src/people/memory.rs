//! Marks in the memory of a process that counts alone. They end with it.

use std::collections::HashMap;

use super::mark::{Mark, Salt};
use super::{Person, REMEMBERED, SALT_LASTS};
use crate::key::Key;

/// The people who were counted in the last half hour, and the day's salt. Moments are Unix seconds.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// The salt, and when it was made.
    salt: Option<(Salt, i64)>,
    /// The mark at each place, and when it was left: at most [`PLACES`](super::mark::PLACES) of them.
    left: HashMap<u32, (i64, i64)>,
}

impl Marks {
    /// The mark of `person` at `key`, with a new salt where the old one is too old.
    pub(crate) fn of(&mut self, key: &Key, person: &Person, now: i64) -> Mark {
        if self.salt.as_ref().is_some_and(|(_, made)| !within(SALT_LASTS.as_secs(), *made, now)) {
            self.salt = None;
        }
        let (salt, _) = self.salt.get_or_insert_with(|| (Salt::new(Salt::random()), now));
        salt.mark(key, person)
    }

    /// Whether the mark was left shortly before `now`.
    pub(crate) fn has(&self, mark: Mark, now: i64) -> bool {
        let left = self.left.get(&mark.place);
        left.is_some_and(|(print, left)| *print == mark.print && within(REMEMBERED.as_secs(), *left, now))
    }

    /// Leaves a mark.
    pub(crate) fn leave(&mut self, mark: Mark, now: i64) {
        self.left.insert(mark.place, (mark.print, now));
    }

    /// Forgets the marks that have become too old.
    pub(crate) fn forget(&mut self, now: i64) {
        self.left.retain(|_, (_, left)| within(REMEMBERED.as_secs(), *left, now));
        self.left.shrink_to(2 * self.left.len());
    }
}

/// Whether less than these seconds have passed. What lies ahead, because the clock was set back, is over.
fn within(seconds: u64, since: i64, now: i64) -> bool {
    u64::try_from(now.saturating_sub(since)).is_ok_and(|passed| passed < seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(address: &str) -> Person {
        Person { address: address.parse().unwrap(), agent: b"Firefox".to_vec() }
    }

    #[test]
    fn a_mark_is_known_for_half_an_hour_and_then_forgotten() {
        let (mut marks, key) = (Marks::default(), "wharf".parse().unwrap());
        let (ann, ben) = (marks.of(&key, &person("192.0.2.1"), 0), marks.of(&key, &person("192.0.2.2"), 0));
        marks.leave(ann, 0);
        assert_eq!([marks.has(ann, 1799), marks.has(ben, 1799), marks.has(ann, 1800)], [true, false, false]);
        assert!(!marks.has(ann, -1), "the clock was set back");
        marks.forget(1799);
        assert_eq!(marks.left.len(), 1);
        marks.forget(1800);
        assert_eq!(marks.left.len(), 0);
    }

    #[test]
    fn a_new_day_has_a_new_salt() {
        let (mut marks, key) = (Marks::default(), "wharf".parse().unwrap());
        let ann = marks.of(&key, &person("192.0.2.1"), 0);
        assert_eq!(marks.of(&key, &person("192.0.2.1"), 86_399), ann);
        assert_ne!(marks.of(&key, &person("192.0.2.1"), 86_400), ann);
    }
}
