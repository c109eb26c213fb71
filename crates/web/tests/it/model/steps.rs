//! Random sequences of what happens, made from a seed.

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::counts::{Ask, By};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Web,
    Redis,
    Postgres,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Requests at once.
    Count(Vec<Ask>),
    /// The clock goes on by so many seconds, at once or after all counts have been read.
    Pass {
        seconds: i64,
        at_once: bool,
    },
    /// Until all counts are in the history.
    Flush,
    /// A part is killed under load: visits, and hits of this key, `after` so many answers.
    Kill {
        part: Part,
        key: u16,
        after: u32,
    },
    /// The process is asked to end.
    Stop,
    Start(Part),
    /// All that can be read is compared with the model.
    Compare,
}

/// Keys that are asked for.
pub(crate) const KEYS: u16 = 30;

/// A sequence with so many outages of these parts.
pub(crate) fn sequence(seed: u64, outages: usize, parts: &'static [Part]) -> Vec<Step> {
    let bytes = [seed.to_le_bytes(); 4].concat();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let mut draw = |strategy: BoxedStrategy<Vec<Step>>| strategy.new_tree(&mut runner).unwrap().current();
    (0..outages).flat_map(|_| [draw(calm()), draw(outage(parts))].concat()).collect()
}

fn ask() -> impl Strategy<Value = Ask> {
    let by = prop_oneof![
        4 => (0_u8..5).prop_map(By::Person),
        2 => Just(By::Proxy),
        1 => (0_u8..3).prop_map(By::Bot),
        1 => Just(By::Prefetch),
    ];
    // Few keys are asked for often, so that people come again.
    let key = prop_oneof![2 => 0_u16..3, 1 => 0_u16..KEYS];
    prop_oneof![1 => Just(Ask::Visit), 3 => (key, by).prop_map(|(key, by)| Ask::Badge { key, by })]
}

fn count() -> impl Strategy<Value = Step> {
    proptest::collection::vec(ask(), 1..40).prop_map(Step::Count)
}

fn pass() -> impl Strategy<Value = Step> {
    let seconds = prop_oneof![
        2 => 1_i64..90,
        2 => 600_i64..3 * 3600,
        2 => 3600_i64..3 * 86_400,
        1 => 8 * 86_400_i64..16 * 86_400,
    ];
    (seconds, proptest::bool::weighted(0.15)).prop_map(|(seconds, at_once)| Step::Pass { seconds, at_once })
}

fn calm() -> BoxedStrategy<Vec<Step>> {
    proptest::collection::vec(prop_oneof![5 => count(), 4 => pass(), 1 => Just(Step::Flush)], 3..9).boxed()
}

/// Some parts are killed one after the other, and started again in any order. At the end all is compared.
fn outage(parts: &'static [Part]) -> BoxedStrategy<Vec<Step>> {
    let kills = subsequence(parts, 1..=parts.len()).prop_shuffle();
    let orders = kills.prop_flat_map(|kills| (Just(kills.clone()), Just(kills).prop_shuffle()));
    let meanwhile = || {
        let one = prop_oneof![4 => Just(None), 2 => count().prop_map(Some), 3 => pass().prop_map(Some)];
        proptest::collection::vec(one, parts.len())
    };
    let kill = || proptest::collection::vec((0_u16..KEYS, 0_u32..40, proptest::bool::weighted(0.25)), parts.len());
    (orders, kill(), meanwhile(), meanwhile())
        .prop_map(|((kills, starts), how, down, up)| {
            let kills = kills.into_iter().zip(how).map(|(part, (key, after, orderly))| match part {
                Part::Web if orderly => Step::Stop,
                part => Step::Kill { part, key, after },
            });
            let starts = starts.into_iter().map(Step::Start);
            let then = |(step, more): (Step, Option<Step>)| [Some(step), more];
            let steps = kills.zip(down).flat_map(then).chain(starts.zip(up).flat_map(then)).flatten();
            steps.chain([Step::Compare]).collect()
        })
        .boxed()
}
