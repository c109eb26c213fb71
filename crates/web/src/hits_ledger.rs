//! From the keys' totals to their histories: which hits belong to which minute. Pure; values in, values out.
//!
//! This is [`ledger`](crate::ledger) for many totals: what is above the recorded total of a key is new, whoever read it and
//! however often. See `docs/decisions/0003-history-from-totals.md`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use crate::counter::HitsReading;
use crate::ledger::Minute;

/// How many totals wait while Postgres is away.
pub const TOTALS_AT_MOST: usize = 200_000;

/// A key's total, and the minute in which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitsTotal {
    /// When.
    pub minute: Minute,
    /// Whose.
    pub key: Arc<str>,
    /// What.
    pub total: i64,
}

/// The last totals of one minute, of keys whose totals grew in it.
#[derive(Clone, Debug)]
struct Sample {
    epoch: Uuid,
    minute: Minute,
    totals: BTreeMap<Arc<str>, i64>,
}

/// The totals that are not yet in the history, oldest first. Their number is bounded. At the bound, minutes are merged
/// with the following one: the history gets coarser and loses no hit.
#[derive(Clone, Debug)]
pub struct HitsSamples {
    waiting: VecDeque<Sample>,
    /// Totals in all samples.
    count: usize,
    at_most: usize,
    /// The last totals that were added, and their epoch. Only what is above them is kept.
    known: HashMap<Arc<str>, i64>,
    epoch: Option<Uuid>,
}

impl Default for HitsSamples {
    fn default() -> Self {
        Self::bounded(TOTALS_AT_MOST)
    }
}

impl HitsSamples {
    /// Keeps this many totals, but always the last one of each key.
    pub fn bounded(at_most: usize) -> Self {
        Self { waiting: VecDeque::new(), count: 0, at_most, known: HashMap::new(), epoch: None }
    }

    /// Keeps the totals of `reading` that have grown. They replace earlier ones of the same minute.
    pub fn add(&mut self, minute: Minute, reading: HitsReading) {
        let HitsReading { epoch, totals } = reading;
        if self.epoch.replace(epoch) != Some(epoch) {
            self.known.clear();
        }
        let mut grown = BTreeMap::new();
        for (key, total) in totals {
            match self.known.get_key_value(key.as_str()) {
                Some((_, known)) if total <= *known => {}
                Some((key, _)) => {
                    grown.insert(Arc::clone(key), total);
                }
                None if total > 0 => {
                    grown.insert(Arc::from(key), total);
                }
                None => {}
            }
        }
        if grown.is_empty() {
            return;
        }
        self.known.extend(grown.iter().map(|(key, total)| (Arc::clone(key), *total)));
        match self.waiting.back_mut().filter(|last| last.epoch == epoch && minute <= last.minute) {
            Some(last) => {
                self.count -= last.totals.len();
                last.totals.extend(grown);
                self.count += last.totals.len();
            }
            None => {
                self.count += grown.len();
                self.waiting.push_back(Sample { epoch, minute, totals: grown });
            }
        }
        while self.count > self.at_most && self.merge() {}
    }

    /// Keeps all totals of the next reading, grown or not.
    pub fn keep_all_next(&mut self) {
        self.known.clear();
    }

    /// Merges the oldest sample that can be with the following one. Returns whether there was one.
    fn merge(&mut self) -> bool {
        let followed = |(a, b): (&Sample, &Sample)| a.epoch == b.epoch;
        let Some(first) = self.waiting.iter().zip(self.waiting.iter().skip(1)).position(followed) else { return false };
        let Some(merged) = self.waiting.remove(first) else { return false };
        if let Some(next) = self.waiting.get_mut(first) {
            self.count -= merged.totals.len() + next.totals.len();
            for (key, total) in merged.totals {
                // A total of a later minute is larger.
                next.totals.entry(key).or_insert(total);
            }
            self.count += next.totals.len();
        }
        true
    }

    /// The oldest totals, `at_most` of them, as far as they are of one epoch.
    pub fn first_epoch(&self, at_most: usize) -> Option<(Uuid, Vec<HitsTotal>)> {
        let epoch = self.waiting.front()?.epoch;
        let samples = self.waiting.iter().take_while(|sample| sample.epoch == epoch);
        let totals = samples.flat_map(|sample| {
            let minute = sample.minute;
            sample.totals.iter().map(move |(key, total)| HitsTotal { minute, key: Arc::clone(key), total: *total })
        });
        Some((epoch, totals.take(at_most).collect()))
    }

    /// Removes the oldest `count` totals, because the history has them.
    pub fn done(&mut self, count: usize) {
        self.count -= count.min(self.count);
        let mut left = count;
        while let Some(first) = self.waiting.front_mut().filter(|_| left > 0) {
            if first.totals.len() > left {
                let rest = first.totals.keys().nth(left).map(Arc::clone);
                first.totals = rest.map(|key| first.totals.split_off(&key)).unwrap_or_default();
                return;
            }
            left -= first.totals.len();
            self.waiting.pop_front();
        }
    }

    /// How many totals wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no total waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The additions of one epoch's totals to the histories of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HitsEntries {
    /// Hits to add to each key's minutes, at least one each, ascending.
    pub hits: BTreeMap<(Arc<str>, Minute), i64>,
    /// The totals that the histories have after them, and the minute of the last of them.
    pub recorded: BTreeMap<Arc<str>, (i64, Minute)>,
}

impl HitsEntries {
    /// The hits in `totals` (of one epoch, oldest first) above the `recorded` totals; zero for a key that is not among them.
    pub fn new(recorded: &HashMap<String, i64>, totals: &[HitsTotal]) -> Self {
        let mut entries = Self::default();
        for HitsTotal { minute, key, total } in totals {
            let before = match entries.recorded.get(key) {
                Some((before, _)) => *before,
                None => recorded.get(&**key).copied().unwrap_or(0),
            };
            if *total > before {
                *entries.hits.entry((Arc::clone(key), *minute)).or_insert(0) += total - before;
                entries.recorded.insert(Arc::clone(key), (*total, *minute));
            }
        }
        entries
    }

    /// The hits of all keys by the minute, ascending.
    pub fn of_all_keys(&self) -> BTreeMap<Minute, i64> {
        let mut sums = BTreeMap::new();
        for ((_, minute), hits) in &self.hits {
            *sums.entry(*minute).or_insert(0) += hits;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EPOCH: Uuid = Uuid::from_u128(1);
    const NEXT_EPOCH: Uuid = Uuid::from_u128(2);

    fn reading(epoch: Uuid, totals: &[(&str, i64)]) -> HitsReading {
        HitsReading { epoch, totals: totals.iter().map(|(key, total)| ((*key).to_owned(), *total)).collect() }
    }

    fn samples(at_most: usize, readings: &[(i64, &[(&str, i64)])]) -> HitsSamples {
        let mut samples = HitsSamples::bounded(at_most);
        readings.iter().for_each(|(minute, totals)| samples.add(Minute(*minute), reading(EPOCH, totals)));
        samples
    }

    fn shown(samples: &HitsSamples, at_most: usize) -> Vec<String> {
        let totals = samples.first_epoch(at_most).map(|(_, totals)| totals).unwrap_or_default();
        totals.iter().map(|HitsTotal { minute, key, total }| format!("{}: {key} {total}", minute.0)).collect()
    }

    #[test]
    fn a_minute_has_the_keys_that_were_hit_in_it() {
        let samples = samples(9, &[(1, &[("a", 1), ("b", 5)]), (1, &[("a", 3), ("b", 5)]), (2, &[("a", 3), ("b", 6)])]);
        assert_eq!(shown(&samples, 9), ["1: a 3", "1: b 5", "2: b 6"]);
        assert_eq!(samples.len(), 3);
    }

    #[test]
    fn totals_are_written_in_parts() {
        let mut samples = samples(9, &[(1, &[("a", 1), ("b", 5)]), (2, &[("a", 2), ("c", 1)])]);
        assert_eq!(shown(&samples, 3), ["1: a 1", "1: b 5", "2: a 2"]);
        samples.done(3);
        assert_eq!((shown(&samples, 3), samples.len()), (vec!["2: c 1".to_owned()], 1));
        samples.done(1);
        assert!(samples.is_empty() && samples.first_epoch(3).is_none());
    }

    #[test]
    fn at_the_bound_the_oldest_minutes_are_merged() {
        let samples = samples(3, &[(1, &[("a", 1)]), (2, &[("a", 4), ("b", 1)]), (3, &[("a", 9)])]);
        assert_eq!(shown(&samples, 9), ["2: a 4", "2: b 1", "3: a 9"]);
    }

    #[test]
    fn a_total_that_went_back_waits_until_it_has_caught_up() {
        let samples = samples(9, &[(1, &[("a", 5)]), (2, &[("a", 2)]), (3, &[("a", 5)]), (4, &[("a", 6)])]);
        assert_eq!(shown(&samples, 9), ["1: a 5", "4: a 6"]);
    }

    #[test]
    fn a_reading_is_kept_as_a_whole_where_that_was_asked_for() {
        let mut samples = samples(9, &[(1, &[("a", 5), ("b", 1)])]);
        samples.done(2);
        samples.keep_all_next();
        for _ in 0..2 {
            samples.add(Minute(2), reading(EPOCH, &[("a", 5), ("b", 2)]));
        }
        assert_eq!(shown(&samples, 9), ["2: a 5", "2: b 2"]);
    }

    #[test]
    fn epochs_are_kept_apart() {
        let mut samples = samples(9, &[(1, &[("a", 5)])]);
        samples.add(Minute(1), reading(NEXT_EPOCH, &[("a", 2)]));
        assert_eq!(shown(&samples, 9), ["1: a 5"]);
        samples.done(1);
        let (epoch, totals) = samples.first_epoch(9).unwrap();
        assert_eq!((epoch, totals[0].total), (NEXT_EPOCH, 2));
    }

    #[test]
    fn what_is_recorded_is_not_added_again() {
        let (_, totals) = samples(9, &[(1, &[("a", 4), ("b", 2)]), (2, &[("a", 7)])]).first_epoch(9).unwrap();
        let entries = HitsEntries::new(&HashMap::from([("a".to_owned(), 3), ("b".to_owned(), 2)]), &totals);
        let hits: Vec<_> = entries.hits.iter().map(|((key, minute), hits)| (&**key, minute.0, *hits)).collect();
        assert_eq!(hits, [("a", 1, 1), ("a", 2, 3)]);
        assert_eq!(entries.recorded, BTreeMap::from([("a".into(), (7, Minute(2)))]));
        assert_eq!(entries.of_all_keys(), BTreeMap::from([(Minute(1), 1), (Minute(2), 3)]));
    }

    proptest! {
        /// Replicas look at growing totals at moments of their own, flush parts of them, and lose answers.
        #[test]
        fn every_hit_is_recorded_once_whoever_flushes_and_however_often(
            steps in proptest::collection::vec((0_usize..3, 0_usize..4, 0_i64..5, 0_usize..6), 1..200),
        ) {
            let mut replicas = vec![HitsSamples::bounded(5); 3];
            let keys = ["a", "b", "c", "d"];
            let mut totals = [0; 4];
            let mut recorded = HashMap::new();
            let mut history = 0;
            let mut record = |entries: HitsEntries, recorded: &mut HashMap<String, i64>| {
                recorded.extend(entries.recorded.iter().map(|(key, (total, _))| (key.to_string(), *total)));
                history += entries.hits.values().sum::<i64>();
                (history, recorded.values().sum::<i64>())
            };
            for (step, (replica, key, growth, part)) in steps.into_iter().enumerate() {
                totals[key] += growth;
                let now: Vec<_> = keys.iter().copied().zip(totals).collect();
                replicas[replica].add(Minute(step as i64 / 3), reading(EPOCH, &now));
                prop_assert!(replicas[replica].len() <= 5);
                if let Some((_, list)) = replicas[replica].first_epoch(part) {
                    let (history, recorded) = record(HitsEntries::new(&recorded, &list), &mut recorded);
                    prop_assert_eq!(history, recorded);
                    prop_assert!(history <= totals.iter().sum());
                    if growth != 3 {
                        replicas[replica].done(list.len());
                    }
                }
            }
            for samples in &mut replicas {
                let list = samples.first_epoch(usize::MAX).map(|(_, list)| list).unwrap_or_default();
                record(HitsEntries::new(&recorded, &list), &mut recorded);
            }
            let (history, recorded) = record(HitsEntries::default(), &mut recorded);
            prop_assert_eq!((history, recorded), (totals.iter().sum(), totals.iter().sum()));
        }
    }
}
