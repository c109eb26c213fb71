//! From totals to a history: which visits belong to which minute. Pure; values in, values out.
//!
//! Redis' total only grows. So the history needs no list of visits: it is enough to know the total at some moments, and
//! how much of it the history already has. Reading twice, from three replicas, or again after a crash adds nothing,
//! because only visits above the flushed total are new. See
//! `docs/decisions/0003-history-from-totals.md`.

use std::collections::VecDeque;

use jiff::Timestamp;
use uuid::Uuid;

use crate::counter::Reading;

/// How many samples are kept while Postgres is away: a week of minutes.
pub const SAMPLES_AT_MOST: usize = 7 * 24 * 60;

/// A minute, counted from the Unix epoch (1970-01-01T00:00Z).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(pub i64);

impl Minute {
    /// The minute of `time`, or that of the Unix epoch if the clock is set before it.
    pub fn of(time: Timestamp) -> Self {
        Self(time.as_second().max(0) / 60)
    }

    /// Its beginning, in seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0 * 60
    }
}

/// The last total seen in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub minute: Minute,
    /// What, and of which data set.
    pub reading: Reading,
}

/// The samples that are not yet in the history, oldest first. Their number is bounded. At the bound, minutes are merged
/// with the following one: the history gets coarser and loses no visit.
#[derive(Clone, Debug)]
pub struct Samples {
    waiting: VecDeque<Sample>,
    at_most: usize,
}

impl Default for Samples {
    fn default() -> Self {
        Self::bounded(SAMPLES_AT_MOST)
    }
}

impl Samples {
    /// Keeps this many samples, but always the last one of each epoch up to that number.
    pub fn bounded(at_most: usize) -> Self {
        Self { waiting: VecDeque::new(), at_most: at_most.max(1) }
    }

    /// Keeps a reading of `minute`. It replaces an earlier reading of the same minute.
    pub fn add(&mut self, minute: Minute, reading: Reading) {
        if let Some(last) = self.waiting.back_mut().filter(|last| last.reading.epoch == reading.epoch) {
            if minute <= last.minute {
                last.reading.total = last.reading.total.max(reading.total);
                return;
            }
            if reading.total <= last.reading.total {
                return;
            }
        }
        self.waiting.push_back(Sample { minute, reading });
        if self.waiting.len() > self.at_most {
            let followed = |(a, b): (&Sample, &Sample)| a.reading.epoch == b.reading.epoch;
            let merged = self.waiting.iter().zip(self.waiting.iter().skip(1)).position(followed);
            self.waiting.remove(merged.unwrap_or(0));
        }
    }

    /// The oldest samples, as far as they are of one epoch.
    pub fn first_epoch(&self) -> Option<(Uuid, Vec<Sample>)> {
        let epoch = self.waiting.front()?.reading.epoch;
        Some((epoch, self.waiting.iter().take_while(|sample| sample.reading.epoch == epoch).copied().collect()))
    }

    /// Removes the oldest `count` samples, because the history has them.
    pub fn done(&mut self, count: usize) {
        self.waiting.drain(..count.min(self.waiting.len()));
    }

    /// How many samples wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no sample waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// The additions of one epoch's samples to the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// Visits to add to minutes, at least one each, minutes ascending.
    pub visits: Vec<(Minute, i64)>,
    /// The total that the history has after them.
    pub flushed: i64,
}

impl Entries {
    /// The visits in `samples` (of one epoch, oldest first) above the `flushed` total.
    pub fn new(flushed: i64, samples: &[Sample]) -> Self {
        let mut entries = Self { visits: Vec::new(), flushed };
        for Sample { minute, reading } in samples {
            if reading.total > entries.flushed {
                entries.visits.push((*minute, reading.total - entries.flushed));
                entries.flushed = reading.total;
            }
        }
        entries
    }

    /// All visits together.
    pub fn sum(&self) -> i64 {
        self.visits.iter().map(|(_, visits)| visits).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EPOCH: Uuid = Uuid::from_u128(1);
    const NEXT_EPOCH: Uuid = Uuid::from_u128(2);

    fn reading(epoch: Uuid, total: i64) -> Reading {
        Reading { epoch, total }
    }

    fn samples(at_most: usize, totals: &[(i64, i64)]) -> Samples {
        let mut samples = Samples::bounded(at_most);
        totals.iter().for_each(|&(minute, total)| samples.add(Minute(minute), reading(EPOCH, total)));
        samples
    }

    fn entries(flushed: i64, samples: &Samples) -> Entries {
        Entries::new(flushed, &samples.first_epoch().map(|(_, list)| list).unwrap_or_default())
    }

    #[test]
    fn a_minute_gets_the_visits_by_which_the_total_grew() {
        let samples = samples(10, &[(1, 4), (1, 7), (3, 7), (4, 9)]);
        let entries = entries(2, &samples);
        assert_eq!(entries, Entries { visits: vec![(Minute(1), 5), (Minute(4), 2)], flushed: 9 });
        assert_eq!(entries.sum(), 7);
    }

    #[test]
    fn what_was_flushed_is_not_added_again() {
        let samples = samples(10, &[(1, 4), (2, 7)]);
        assert_eq!(entries(7, &samples), Entries { visits: vec![], flushed: 7 });
        assert_eq!(entries(6, &samples), Entries { visits: vec![(Minute(2), 1)], flushed: 7 });
    }

    #[test]
    fn a_total_that_went_back_adds_nothing_until_it_has_caught_up() {
        let samples = samples(10, &[(1, 100), (2, 95), (3, 101)]);
        assert_eq!(entries(100, &samples).visits, [(Minute(3), 1)]);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_disorder_the_minutes() {
        let samples = samples(10, &[(5, 1), (3, 4), (6, 5)]);
        assert_eq!(entries(0, &samples).visits, [(Minute(5), 4), (Minute(6), 1)]);
    }

    #[test]
    fn a_full_list_merges_old_minutes_and_loses_no_visit() {
        let samples = samples(2, &[(1, 4), (2, 7), (3, 9), (4, 20)]);
        assert_eq!(samples.len(), 2);
        assert_eq!(entries(0, &samples).visits, [(Minute(3), 9), (Minute(4), 11)]);
    }

    #[test]
    fn epochs_are_kept_apart() {
        let mut samples = samples(2, &[(1, 4), (2, 7)]);
        samples.add(Minute(2), reading(NEXT_EPOCH, 3));
        let (epoch, first) = samples.first_epoch().unwrap();
        assert_eq!((epoch, Entries::new(0, &first).sum()), (EPOCH, 7));
        samples.done(first.len());
        let (epoch, second) = samples.first_epoch().unwrap();
        assert_eq!((epoch, Entries::new(0, &second).sum()), (NEXT_EPOCH, 3));
        samples.done(second.len());
        assert!(samples.is_empty());
    }

    #[test]
    fn a_minute_begins_at_a_full_minute() {
        let minute = |second| Minute::of(Timestamp::from_second(second).unwrap());
        assert_eq!(minute(119).unix_seconds(), 60);
        assert_eq!(minute(-1), Minute(0));
    }

    proptest! {
        /// Replicas look at one growing total at moments of their own, flush in any order, and fail in between.
        #[test]
        fn the_history_adds_up_whoever_flushes_and_however_often(
            steps in proptest::collection::vec((0_usize..3, 0_i64..5, any::<bool>()), 1..200),
        ) {
            let mut replicas = vec![Samples::bounded(4); 3];
            let (mut total, mut flushed, mut history) = (0, 0, 0);
            for (minute, (replica, growth, flush)) in steps.into_iter().enumerate() {
                total += growth;
                replicas[replica].add(Minute(minute as i64 / 3), reading(EPOCH, total));
                if flush && let Some((_, list)) = replicas[replica].first_epoch() {
                    let entries = Entries::new(flushed, &list);
                    prop_assert!(entries.visits.is_sorted_by(|a, b| a.0 < b.0));
                    history += entries.sum();
                    flushed = entries.flushed;
                    // An answer may be lost: the samples are flushed again then.
                    if growth != 3 {
                        replicas[replica].done(list.len());
                    }
                }
                prop_assert_eq!(history, flushed);
                prop_assert!(flushed <= total);
            }
            for samples in &replicas {
                let entries = entries(flushed, samples);
                history += entries.sum();
                flushed = entries.flushed;
            }
            prop_assert_eq!((history, flushed), (total, total));
        }
    }
}
