//! A model of exact counts beside a random sequence of what happens: visits, people, programs, repeats, new keys, time that passes, and
//! kills of everything, in any order. What a store keeps has to be what the model has.
//!
//! `WHARF_MODEL_OUTAGES` asks for longer sequences, `WHARF_MODEL_SEED` for one that has failed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what led to a failure is shown with it")]

mod clients;
mod counts;
mod rig;
mod steps;
mod web;

use std::time::Instant;

use self::counts::{Ask, By, Subject};
use self::rig::{Rig, START, Store};
use self::steps::{Part, Step, sequence};

/// Fewer than the keys that are asked for.
const KEYS_AT_MOST: usize = 24;

/// How long the clock runs at least.
const A_HUNDRED_DAYS: i64 = 100 * 86_400;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Says how to repeat a sequence that failed.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat it: WHARF_MODEL_SEED={}", self.0);
        }
    }
}

async fn run(store: Store, outages: usize, parts: &'static [Part]) {
    let seed = Seed(number("WHARF_MODEL_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0));
    let outages = number("WHARF_MODEL_OUTAGES").map_or(outages, |outages| usize::try_from(outages).unwrap());
    let mut rig = Rig::start(store, KEYS_AT_MOST).await;
    let start = Instant::now();
    let mut step = async |step: Step| {
        println!("{:>6.2} s, day {}: {step:?}", start.elapsed().as_secs_f64(), (rig.model.now - START) / 86_400);
        rig.step(step).await;
        rig.model.now
    };
    let mut now = START;
    for next in sequence(seed.0, outages, parts) {
        now = step(next).await;
    }
    step(Step::Pass { seconds: (START + A_HUNDRED_DAYS - now).max(1), at_once: false }).await;
    step(Step::Compare).await;
    let (exact, all) = rig.model.exact();
    println!("{all} counts, {exact} of them with a known minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_and_postgres_agree_with_a_model_of_exact_counts() {
    run(Store::servers().await, 7, &[Part::Web, Part::Redis, Part::Postgres]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_agrees_with_the_same_model() {
    run(Store::file(), 7, &[Part::Web]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys_are_counted_listed_and_read() {
    for store in [Store::servers().await, Store::file()] {
        let start = Instant::now();
        let took = |what: &str| println!("{:>6.2} s: {what}", start.elapsed().as_secs_f64());
        let mut rig = Rig::start(store, 10_000).await;
        let asks: Vec<_> = (0..10_100).map(|key| Ask::Badge { key, by: By::Proxy }).collect();
        for asks in asks.chunks(100) {
            rig.step(Step::Count(asks.to_vec())).await;
        }
        assert_eq!(rig.model.keys().len(), 10_000);
        took("10,000 keys are made, and 100 refused");
        rig.step(Step::Kill { part: Part::Web, key: 7777, after: 30 }).await;
        rig.step(Step::Start(Part::Web)).await;
        rig.step(Step::Flush).await;
        took("all are in the history");
        rig.compare_list(1000).await;
        took("the list is that of the model");
        rig.compare_history(Subject::Key(7777)).await;
        rig.compare_history(Subject::AllKeys).await;
        took("the histories of one and of all are those of the model");
    }
}
