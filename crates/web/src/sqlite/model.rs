//! A model of exact counts beside a random sequence of what happens to a file: visits and hits that come at once, new keys,
//! more keys than are taken, time that passes, folding, a stop, and an end without one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use futures_util::future::join_all;
use jiff::Timestamp;
use prometheus::{IntGauge, IntGaugeVec, Opts};
use proptest::prelude::*;
use sqlx::Connection;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::folding::fold;
use super::reading::{keys, rows};
use super::{File, Gauges, SqliteCounter};
use crate::clock::Clock;
use crate::counter::CounterError;
use crate::key::Key;
use crate::retention::{Bounds, Width};
use crate::series::{Series, Subject};

/// The limit of keys in the random sequences.
const KEYS_AT_MOST: u32 = 40;

/// More rows than a random sequence has.
const NO_BOUND: i64 = 1_000_000;

/// When the clock starts: 2026-11-30T12:00:00Z.
const START: i64 = 1_796_040_000;

#[derive(Clone, Debug)]
enum Step {
    /// So many visits at once, and hits of these keys.
    Count { visits: usize, hits: Vec<u8> },
    /// Seconds.
    Pass(i64),
    /// Fold what is due, with this bound of minutes and of hours.
    Fold { bound: i64 },
    /// The end of the task that writes, and a new start.
    End { orderly: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..20, proptest::collection::vec(0_u8..60, 0..20))
            .prop_map(|(visits, hits)| Step::Count { visits, hits }),
        4 => prop_oneof![1_i64..90, 3_000_i64..9_000, 80_000_i64..400_000, 1_000_000_i64..3_000_000].prop_map(Step::Pass),
        2 => prop_oneof![3 => Just(NO_BOUND), 1 => 0_i64..40].prop_map(|bound| Step::Fold { bound }),
        2 => any::<bool>().prop_map(|orderly| Step::End { orderly }),
    ]
}

/// The exact counts, by subject and minute.
#[derive(Default)]
struct Model(BTreeMap<(String, i64), i64>);

impl Model {
    fn count(&mut self, subject: &str, now: i64) {
        *self.0.entry((subject.to_owned(), Width::Minute.start_of(now))).or_insert(0) += 1;
    }

    fn of<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = (i64, i64)> + 'a {
        self.0.iter().filter(move |((name, _), _)| name == subject).map(|((_, minute), count)| (*minute, *count))
    }

    /// Each key and its total.
    fn keys(&self) -> BTreeMap<String, i64> {
        let mut keys = BTreeMap::new();
        for ((name, _), count) in self.0.iter().filter(|((name, _), _)| !name.starts_with('(')) {
            *keys.entry(name.clone()).or_insert(0) += count;
        }
        keys
    }

    fn total(&self, subject: &str) -> i64 {
        self.of(subject).map(|(_, count)| count).sum()
    }

    /// What the history of a subject must be at `now`.
    fn slots(&self, subject: &str, width: Width, now: i64) -> Vec<(i64, i64)> {
        let mut slots = BTreeMap::new();
        for (minute, count) in self.of(subject) {
            if width.kept_from(now).is_none_or(|from| minute >= from) {
                *slots.entry(width.start_of(minute)).or_insert(0) += count;
            }
        }
        slots.into_iter().collect()
    }
}

/// A counter on a file, with a clock that the test sets.
struct Rig {
    now: Arc<AtomicI64>,
    counter: SqliteCounter,
    stop: CancellationToken,
    writer: JoinHandle<()>,
    file: Arc<File>,
}

impl Rig {
    async fn start(path: &Path, keys_at_most: u32, now: Arc<AtomicI64>) -> Self {
        let file = Arc::new(File::claim(path).unwrap());
        let rows = IntGaugeVec::new(Opts::new("rows", "rows"), &["width"]).unwrap();
        let gauges = Gauges { up: IntGauge::new("up", "up").unwrap(), rows };
        let clock: Clock = {
            let now = now.clone();
            Arc::new(move || Timestamp::from_second(now.load(SeqCst)).unwrap())
        };
        let (counter, writer) = SqliteCounter::new(file.clone(), keys_at_most, gauges, clock).await.unwrap();
        let stop = CancellationToken::new();
        Self { now, counter, writer: tokio::spawn(writer.run(stop.clone())), stop, file }
    }

    /// Ends it, with or without an orderly close. The clock goes on.
    async fn end(self, orderly: bool) -> Arc<AtomicI64> {
        if orderly {
            self.stop.cancel();
        } else {
            self.writer.abort();
        }
        let _ = self.writer.await;
        self.now
    }
}

const VISITS: &str = "(visits)";
const ALL_KEYS: &str = "(all keys)";

fn key(number: u8) -> Key {
    format!("key-{number}").parse().unwrap()
}

/// Compares all that can be read with the model. The hours of keys are those of the model unless a bound has folded them.
async fn compare(rig: &Rig, model: &Model, unbounded: bool) {
    let now = rig.now.load(SeqCst);
    assert_eq!(rig.counter.visits().await.unwrap(), model.total(VISITS));
    let mut subjects = vec![(Subject::Visits, VISITS.to_owned()), (Subject::AllKeys, ALL_KEYS.to_owned())];
    for key in (0..60).map(key) {
        assert_eq!(rig.counter.hits(&key).await.unwrap(), model.total(key.as_str()), "{key}");
        subjects.push((Subject::Key(key.clone()), key.to_string()));
    }
    let mut connection = rig.file.reader().await.unwrap();
    for (subject, name) in subjects {
        let series = Series::new(rows(&mut connection, &subject).await.unwrap());
        assert_eq!(series.total, model.total(&name), "{name}");
        let is_key = matches!(subject, Subject::Key(_));
        for (width, slots) in [(Width::Minute, series.minutes), (Width::Hour, series.hours), (Width::Day, series.days)]
        {
            if width == Width::Day || unbounded || !is_key {
                // What is not folded yet is finer than it has to be.
                let from = width.kept_from(now).unwrap_or(0);
                let slots: Vec<_> = slots.into_iter().filter(|(start, _)| *start >= from).collect();
                assert_eq!(slots, model.slots(&name, width, now), "{name} by {}", width.name());
            }
        }
    }
    let listed: BTreeMap<_, _> =
        keys(&mut connection, now).await.unwrap().into_iter().map(|row| (row.key, row.total)).collect();
    assert_eq!(listed, model.keys());
    connection.close().await.unwrap();
}

/// Sends so many visits and these hits at once, and checks that the answers are the numbers that follow the model's.
async fn count(rig: &Rig, model: &mut Model, visits: usize, hits: &[Key], keys_at_most: usize) {
    let now = rig.now.load(SeqCst);
    let visited = join_all((0..visits).map(|_| rig.counter.increment()));
    let hit = join_all(hits.iter().map(|key| rig.counter.hit(key)));
    let (visited, hit) = tokio::join!(visited, hit);
    for answer in visited {
        model.count(VISITS, now);
        assert_eq!(answer.unwrap(), model.total(VISITS));
    }
    for (key, answer) in hits.iter().zip(hit) {
        if model.total(key.as_str()) == 0 && model.keys().len() >= keys_at_most {
            assert!(matches!(answer, Err(CounterError::KeysExhausted)), "{answer:?}");
            continue;
        }
        model.count(key.as_str(), now);
        model.count(ALL_KEYS, now);
        assert_eq!(answer.unwrap(), model.total(key.as_str()), "{key}");
    }
}

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("visits.db");
    let (mut model, mut bounded) = (Model::default(), NO_BOUND);
    let mut rig = Rig::start(&path, KEYS_AT_MOST, Arc::new(AtomicI64::new(START))).await;
    for step in steps {
        match step {
            Step::Count { visits, hits } => {
                let hits: Vec<_> = hits.into_iter().map(key).collect();
                count(&rig, &mut model, visits, &hits, KEYS_AT_MOST as usize).await;
            }
            Step::Pass(seconds) => _ = rig.now.fetch_add(seconds, SeqCst),
            Step::Fold { bound } => {
                let bounds = Bounds { minutes: bound, hours: bound, ..Bounds::default() };
                let mut connection = rig.file.writer().await.unwrap();
                while fold(&mut connection, rig.now.load(SeqCst), &bounds).await.unwrap().is_none() {}
                bounded = bounded.min(bound);
            }
            Step::End { orderly } => {
                let now = rig.end(orderly).await;
                rig = Rig::start(&path, KEYS_AT_MOST, now).await;
                compare(&rig, &model, bounded == NO_BOUND).await;
            }
        }
    }
    compare(&rig, &model, bounded == NO_BOUND).await;
    rig.end(true).await;
}

fn wait_for(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_file_agrees_with_a_model_of_exact_counts(steps in proptest::collection::vec(step(), 1..40)) {
        wait_for(run(steps));
    }
}

#[test]
fn a_hundred_days_are_kept_by_minute_hour_and_day() {
    let visit = |step: i64| Step::Count { visits: 1 + step as usize % 3, hits: vec![step as u8 % 7, 1] };
    let days = (0..400).flat_map(|step| {
        let end = (step % 40 == 39).then_some(Step::End { orderly: step % 80 == 79 });
        let fold = (step % 8 == 7).then_some(Step::Fold { bound: NO_BOUND });
        [visit(step), Step::Pass(6 * 3600 + step)].into_iter().chain(fold).chain(end)
    });
    wait_for(run(days.collect()));
}

#[tokio::test]
async fn ten_thousand_keys_are_counted_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("visits.db");
    let mut rig = Rig::start(&path, 10_000, Arc::new(AtomicI64::new(START))).await;
    let key = |number: usize| format!("key-{number}").parse::<Key>().unwrap();
    for round in 1..=3 {
        let keys: Vec<_> = (0..10_500).map(key).collect();
        let answers = join_all(keys.iter().map(|key| rig.counter.hit(key))).await;
        let counted = answers.iter().filter(|answer| matches!(answer, Ok(total) if *total == round)).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Err(CounterError::KeysExhausted))).count();
        assert_eq!((counted, refused), (10_000, 500));
        let now = rig.end(round == 2).await;
        now.fetch_add(86_400, SeqCst);
        rig = Rig::start(&path, 10_000, now).await;
    }
    let mut connection = rig.file.reader().await.unwrap();
    let listed = keys(&mut connection, rig.now.load(SeqCst)).await.unwrap();
    assert_eq!(
        listed.iter().map(|row| (row.total, row.today, row.week)).collect::<Vec<_>>(),
        [(3, 0, 3)].repeat(10_000)
    );
    let all = Series::new(rows(&mut connection, &Subject::AllKeys).await.unwrap());
    assert_eq!(all.days.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [10_000; 3]);
}
