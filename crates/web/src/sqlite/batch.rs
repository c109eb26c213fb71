//! What a transaction writes for the requests that share it. Pure; values in, values out.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::key::Key;
use crate::people::memory::Marks;
use crate::people::{Mark, Person};

/// The subject that stands for all visits.
pub(crate) const VISITS: i64 = 0;

/// The subject that stands for the hits of all keys.
pub(crate) const ALL_KEYS: i64 = 1;

/// What a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Count a visit; the answer is the new total.
    Visit,
    /// Count a hit; the answer is the key's new total.
    Hit(Key),
    /// Count a hit unless this person was counted shortly before; the answer is the key's total.
    HitOnce(Key, Person),
    /// The total of visits.
    Visits,
    /// The hits of a key, zero for an unknown one.
    Hits(Key),
}

/// A key that the file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its row.
    pub(crate) subject: i64,
    /// Its hits.
    pub(crate) total: i64,
}

/// The totals as they are on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) visits: i64,
    pub(crate) all_keys: i64,
    pub(crate) keys: HashMap<Key, Known>,
    /// The highest subject that has a row. Where somebody has deleted keys from the file, that is more than there are keys.
    pub(crate) last: i64,
}

/// A subject that a batch raises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raise {
    pub(crate) subject: i64,
    pub(crate) key: Option<Key>,
    /// How much is added.
    pub(crate) by: i64,
    /// The total after it.
    pub(crate) to: i64,
}

/// The key is new, and the limit of keys is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// A total, and whether the request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) total: i64,
    pub(crate) counted: bool,
}

/// What a batch changes once it is on disk.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// By subject.
    pub(crate) raises: Vec<Raise>,
    /// The marks of people who were counted.
    pub(crate) marks: HashSet<Mark>,
}

/// Requests that are written together.
pub(crate) struct Batch<'a> {
    totals: &'a Totals,
    known: &'a mut Marks,
    keys_at_most: usize,
    /// Unix seconds.
    now: i64,
    visits: i64,
    hits: HashMap<Key, Raise>,
    new_keys: usize,
    marks: HashSet<Mark>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(totals: &'a Totals, known: &'a mut Marks, keys_at_most: usize, now: i64) -> Self {
        Self { totals, known, keys_at_most, now, visits: 0, hits: HashMap::new(), new_keys: 0, marks: HashSet::new() }
    }

    /// Takes a request into the batch. The answer holds once the batch is on disk.
    pub(crate) fn take(&mut self, ask: Ask) -> Result<Answer, NoRoom> {
        let (total, counted) = match ask {
            Ask::Visit => {
                self.visits += 1;
                (self.visits(), true)
            }
            Ask::Hit(key) => (self.hit(key)?, true),
            Ask::HitOnce(key, person) => {
                let mark = self.known.of(&key, &person, self.now);
                if self.known.has(mark, self.now) || self.marks.contains(&mark) {
                    (self.hits(&key), false)
                } else {
                    let total = self.hit(key)?;
                    self.marks.insert(mark);
                    (total, true)
                }
            }
            Ask::Visits => (self.visits(), false),
            Ask::Hits(key) => (self.hits(&key), false),
        };
        Ok(Answer { total, counted })
    }

    fn visits(&self) -> i64 {
        self.totals.visits.saturating_add(self.visits)
    }

    fn hits(&self, key: &Key) -> i64 {
        match self.hits.get(key) {
            Some(raise) => raise.to,
            None => self.totals.keys.get(key).map_or(0, |known| known.total),
        }
    }

    fn hit(&mut self, key: Key) -> Result<i64, NoRoom> {
        let keys = self.totals.keys.len() + self.new_keys;
        let raise = match self.hits.entry(key) {
            Entry::Occupied(raise) => raise.into_mut(),
            Entry::Vacant(place) => {
                let known = match self.totals.keys.get(place.key()) {
                    Some(known) => *known,
                    None if keys >= self.keys_at_most => return Err(NoRoom),
                    None => {
                        self.new_keys += 1;
                        let new = i64::try_from(self.new_keys).unwrap_or(i64::MAX);
                        Known { subject: self.totals.last.saturating_add(new), total: 0 }
                    }
                };
                let key = Some(place.key().clone());
                place.insert(Raise { subject: known.subject, key, by: 0, to: known.total })
            }
        };
        raise.by += 1;
        raise.to = raise.to.saturating_add(1);
        Ok(raise.to)
    }

    /// What has to be written and kept.
    pub(crate) fn changes(self) -> Changes {
        let hits: i64 = self.hits.values().map(|raise| raise.by).sum();
        let all = [(VISITS, self.visits, self.totals.visits), (ALL_KEYS, hits, self.totals.all_keys)];
        let all = all.map(|(subject, by, total)| Raise { subject, key: None, by, to: total.saturating_add(by) });
        let mut raises: Vec<_> = all.into_iter().filter(|raise| raise.by > 0).chain(self.hits.into_values()).collect();
        raises.sort_unstable_by_key(|raise| raise.subject);
        Changes { raises, marks: self.marks }
    }
}

impl Totals {
    /// The totals after these are on disk.
    pub(crate) fn raise(&mut self, raises: Vec<Raise>) {
        for Raise { subject, key, to, .. } in raises {
            self.last = self.last.max(subject);
            match key {
                Some(key) => _ = self.keys.insert(key, Known { subject, total: to }),
                None if subject == VISITS => self.visits = to,
                None => self.all_keys = to,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn raise(subject: i64, name: Option<&str>, by: i64, to: i64) -> Raise {
        Raise { subject, key: name.map(key), by, to }
    }

    fn totals() -> Totals {
        let keys = HashMap::from([(key("a"), Known { subject: 2, total: 5 })]);
        Totals { visits: 10, all_keys: 5, keys, last: 2 }
    }

    #[test]
    fn requests_of_one_batch_get_numbers_of_their_own() {
        let mut totals = totals();
        let mut marks = Marks::default();
        let mut batch = Batch::new(&totals, &mut marks, 3, 0);
        let asks =
            [Ask::Visit, Ask::Visit, Ask::Hit(key("a")), Ask::Hit(key("b")), Ask::Hit(key("b")), Ask::Hits(key("b"))];
        assert_eq!(asks.map(|ask| batch.take(ask).unwrap().total), [11, 12, 6, 1, 2, 2]);
        let raises = batch.changes().raises;
        let expected =
            [raise(0, None, 2, 12), raise(1, None, 3, 8), raise(2, Some("a"), 1, 6), raise(3, Some("b"), 2, 2)];
        assert_eq!(raises, expected);
        totals.raise(raises);
        assert_eq!((totals.visits, totals.all_keys), (12, 8));
        assert_eq!(totals.keys[&key("b")], Known { subject: 3, total: 2 });
    }

    #[test]
    fn keys_beyond_the_limit_are_refused_within_a_batch_too() {
        let totals = totals();
        let mut marks = Marks::default();
        let mut batch = Batch::new(&totals, &mut marks, 2, 0);
        let answers = ["b", "c", "a", "b"].map(|name| batch.take(Ask::Hit(key(name))).map(|answer| answer.total));
        assert_eq!(answers, [Ok(1), Err(NoRoom), Ok(6), Ok(2)]);
        assert_eq!(batch.changes().raises.len(), 3);
    }

    #[test]
    fn a_look_writes_nothing() {
        let totals = totals();
        let mut marks = Marks::default();
        let mut batch = Batch::new(&totals, &mut marks, 0, 0);
        let answers = [Ask::Visits, Ask::Hits(key("a")), Ask::Hits(key("z"))].map(|ask| batch.take(ask).unwrap().total);
        assert_eq!(answers, [10, 5, 0]);
        assert!(batch.changes().raises.is_empty());
    }

    #[test]
    fn a_person_counts_once_within_a_batch_and_after_it() {
        let (mut totals, mut marks) = (totals(), Marks::default());
        let person = |address: &str| Person { address: address.parse().unwrap(), agent: Vec::new() };
        let ask = |address| Ask::HitOnce(key("a"), person(address));
        let mut batch = Batch::new(&totals, &mut marks, 3, 0);
        let answers = [ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2")].map(|ask| batch.take(ask).unwrap());
        assert_eq!(answers.map(|answer| (answer.total, answer.counted)), [(6, true), (6, false), (7, true)]);
        let changes = batch.changes();
        totals.raise(changes.raises);
        changes.marks.into_iter().for_each(|mark| marks.leave(mark, 0));
        let at = |marks: &mut Marks, now| Batch::new(&totals, marks, 3, now).take(ask("192.0.2.1")).unwrap();
        assert_eq!(at(&mut marks, 1799), Answer { total: 7, counted: false });
        assert_eq!(at(&mut marks, 1800), Answer { total: 8, counted: true });
    }
}
