//! Which positions may be saved: lines are acknowledged tenant by tenant, in any order, but a target's position advances
//! only when all of its lines up to there are acknowledged.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::position::Position;

/// Positions to save; `None`: the target is gone.
pub(super) type Changes = Vec<(Arc<str>, Option<Position>)>;

/// The batches on their way, for each target in order.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    next: u64,
    targets: HashMap<Arc<str>, VecDeque<Step>>,
}

/// A batch of a target.
#[derive(Debug)]
struct Step {
    batch: u64,
    /// Requests with lines of the target that are not acknowledged.
    open: usize,
    since: Instant,
    /// The position after it; the outer `None`: it does not change.
    position: Option<Option<Position>>,
}

impl Ledger {
    /// A batch sets out: the targets of each of its requests, and the positions after it. Gives its number, and the positions
    /// that need not wait.
    pub(super) fn begin<'a>(
        &mut self,
        requests: impl Iterator<Item = &'a [Arc<str>]>,
        positions: Changes,
        now: Instant,
    ) -> (u64, Changes) {
        let batch = self.next;
        self.next += 1;
        for target in requests.flatten() {
            self.step(target, batch, now).open += 1;
        }
        let changed: Vec<Arc<str>> = positions.iter().map(|(target, _)| target.clone()).collect();
        for (target, position) in positions {
            self.step(&target, batch, now).position = Some(position);
        }
        let mut changes = Vec::new();
        for target in changed {
            self.advance(&target, &mut changes);
        }
        (batch, changes)
    }

    /// A request of a batch is acknowledged. Gives the positions that have waited for it.
    pub(super) fn acknowledge(&mut self, batch: u64, targets: &[Arc<str>]) -> Changes {
        let mut changes = Vec::new();
        for target in targets {
            let step = self.targets.get_mut(target).into_iter().flatten().find(|step| step.batch == batch);
            if let Some(step) = step {
                step.open = step.open.saturating_sub(1);
            }
            self.advance(target, &mut changes);
        }
        changes
    }

    /// Since when the oldest lines of each target are on their way.
    pub(super) fn oldest(&self) -> HashMap<Arc<str>, Instant> {
        self.targets.iter().filter_map(|(target, steps)| Some((target.clone(), steps.front()?.since))).collect()
    }

    fn step(&mut self, target: &Arc<str>, batch: u64, now: Instant) -> &mut Step {
        let steps = self.targets.entry(target.clone()).or_default();
        if steps.back().is_none_or(|last| last.batch != batch) {
            steps.push_back(Step { batch, open: 0, since: now, position: None });
        }
        let last = steps.len() - 1;
        &mut steps[last]
    }

    fn advance(&mut self, target: &Arc<str>, changes: &mut Changes) {
        let Some(steps) = self.targets.get_mut(target) else { return };
        let mut reached = None;
        while let Some(step) = steps.pop_front_if(|step| step.open == 0) {
            reached = step.position.or(reached);
        }
        // What has no lines under way goes with the step before it, so there are no more steps than requests.
        let mut at = 1;
        while at < steps.len() {
            if steps[at].open > 0 {
                at += 1;
            } else if let Some(step) = steps.remove(at) {
                steps[at - 1].position = step.position.or(steps[at - 1].position.take());
            }
        }
        if steps.is_empty() {
            self.targets.remove(target);
        }
        changes.extend(reached.map(|position| (target.clone(), position)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::position::Moment;

    fn position(time: i64) -> Option<Position> {
        Some(Position { file: None, moment: Moment { time, lines_at_time: 1, latest: time } })
    }

    fn times(changes: &Changes) -> Vec<(String, i64)> {
        changes.iter().map(|(key, position)| (key.to_string(), position.as_ref().unwrap().moment.time)).collect()
    }

    #[test]
    fn a_refused_tenant_holds_back_the_positions_of_its_targets_alone() {
        let mut ledger = Ledger::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let requests = [vec![a.clone()], vec![b.clone()]];
        let mut begin = |time| {
            let positions = vec![(a.clone(), position(time)), (b.clone(), position(time))];
            ledger.begin(requests.iter().map(Vec::as_slice), positions, Instant::now())
        };
        let ((first, none), (second, _)) = (begin(1), begin(2));
        assert!(none.is_empty());
        assert_eq!(times(&ledger.acknowledge(first, &requests[1])), [("b".to_owned(), 1)]);
        assert_eq!(times(&ledger.acknowledge(second, &requests[0])), [], "its first lines are not acknowledged");
        assert_eq!(times(&ledger.acknowledge(second, &requests[1])), [("b".to_owned(), 2)]);
        assert_eq!(ledger.oldest().len(), 1);
        assert_eq!(times(&ledger.acknowledge(first, &requests[0])), [("a".to_owned(), 2)]);
        assert!(ledger.oldest().is_empty());
    }

    #[test]
    fn a_position_without_lines_waits_for_the_lines_before_it_alone() {
        let mut ledger = Ledger::default();
        let a: Arc<str> = "a".into();
        let now = Instant::now();
        let targets = [a.clone()];
        let (batch, _) = ledger.begin([&targets[..]].into_iter(), vec![(a.clone(), position(1))], now);
        let (_, changes) = ledger.begin([].into_iter(), vec![(a.clone(), None)], now);
        assert!(changes.is_empty());
        assert_eq!(ledger.acknowledge(batch, &targets), [(a.clone(), None)]);
        let (_, changes) = ledger.begin([].into_iter(), vec![(a.clone(), position(7))], now);
        assert_eq!(times(&changes), [("a".to_owned(), 7)]);
    }

    proptest! {
        #[test]
        fn positions_never_overtake_lines_and_all_arrive(
            batches in proptest::collection::vec(proptest::collection::vec(0..4_usize, 1..4), 1..12),
            order in proptest::collection::vec(0..1000_usize, 40)
        ) {
            let target: Arc<str> = "t".into();
            let targets = [target.clone()];
            let mut ledger = Ledger::default();
            // A batch has a request for each number; the target has lines in those that are not 0.
            let mut under_way: Vec<(i64, u64)> = Vec::new();
            let mut saved = 0;
            for (time, requests) in (1..).zip(&batches) {
                let with_lines = requests.iter().filter(|number| **number > 0).count();
                let requests = std::iter::repeat_n(&targets[..], with_lines);
                let (batch, changes) = ledger.begin(requests, vec![(target.clone(), position(time))], Instant::now());
                under_way.extend(std::iter::repeat_n((time, batch), with_lines));
                saved = times(&changes).last().map_or(saved, |(_, time)| *time);
                prop_assert!(under_way.iter().all(|(time, _)| *time > saved));
            }
            for pick in order.into_iter().cycle() {
                if under_way.is_empty() {
                    break;
                }
                let (_, batch) = under_way.swap_remove(pick % under_way.len());
                let changes = ledger.acknowledge(batch, &targets);
                saved = times(&changes).last().map_or(saved, |(_, time)| *time);
                prop_assert!(under_way.iter().all(|(time, _)| *time > saved));
                let steps = ledger.targets.get(&target).map_or(0, VecDeque::len);
                prop_assert!(steps <= under_way.len(), "{steps} steps for {} requests", under_way.len());
            }
            prop_assert_eq!(saved, batches.len() as i64);
            prop_assert!(ledger.oldest().is_empty());
        }
    }
}
