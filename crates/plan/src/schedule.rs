//! Which steps may begin.

use std::collections::{BTreeMap, VecDeque};

use crate::graph::Plan;

/// The steps of a plan that may begin, as others are done.
#[derive(Debug)]
pub struct Schedule {
    /// How many steps before each are not done.
    open: Vec<usize>,
    /// The steps that wait for each.
    followers: Vec<Vec<usize>>,
    ready: VecDeque<usize>,
    /// For each step that completes another, that one and the other steps before it that complete the same.
    completing: BTreeMap<usize, Vec<usize>>,
    begun: Vec<bool>,
    done: Vec<bool>,
}

impl Schedule {
    /// The state before any step has started.
    pub fn new<S, C>(plan: &Plan<S, C>) -> Self {
        let mut followers = vec![Vec::new(); plan.len()];
        for (number, node) in plan.nodes().iter().enumerate() {
            for before in node.after() {
                followers[*before].push(number);
            }
        }
        let open: Vec<usize> = plan.nodes().iter().map(|node| node.after().len()).collect();
        let ready = open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(number, _)| number).collect();
        let nodes = plan.nodes();
        let completing = nodes.iter().enumerate().filter_map(|(number, node)| {
            let begun = node.completes()?;
            let same = node.after().iter().copied().filter(|before| nodes[*before].completes() == Some(begun));
            Some((number, same.chain([begun]).collect()))
        });
        let completing = completing.collect();
        Schedule { open, followers, ready, completing, begun: vec![false; plan.len()], done: vec![false; plan.len()] }
    }

    /// A step that may begin now. Each step is given once.
    pub fn next_ready(&mut self) -> Option<usize> {
        let number = self.ready.pop_front()?;
        self.begun[number] = true;
        Some(number)
    }

    /// A step that completes what another began, for a run that begins nothing else any more. Each step is given once, by
    /// this or by [`Schedule::next_ready`].
    pub fn next_completing(&mut self) -> Option<usize> {
        let may_begin = |(number, before): &(&usize, &Vec<usize>)| {
            !self.begun[**number] && before.iter().all(|before| self.done[*before])
        };
        let (number, _) = self.completing.iter().find(may_begin)?;
        self.begun[*number] = true;
        Some(*number)
    }

    /// Records that a step is done, so that those that waited for it alone may begin. A number that the plan does not
    /// have, or that was recorded before, changes nothing.
    pub fn done(&mut self, number: usize) {
        if let Some(done) = self.done.get_mut(number) {
            *done = true;
        }
        let followers = self.followers.get_mut(number).map(std::mem::take).unwrap_or_default();
        for follower in followers {
            self.open[follower] -= 1;
            if self.open[follower] == 0 {
                self.ready.push_back(follower);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_begins_when_all_before_it_are_done() {
        let mut plan = Plan::default();
        let a = plan.add("a", "", []);
        let b = plan.add("b", "", []);
        let c = plan.add("c", "", [a, b, b]);
        let mut schedule = Schedule::new(&plan);
        assert_eq!((schedule.next_ready(), schedule.next_ready(), schedule.next_ready()), (Some(a), Some(b), None));
        schedule.done(b);
        schedule.done(b);
        assert_eq!(schedule.next_ready(), None);
        schedule.done(a);
        assert_eq!(schedule.next_ready(), Some(c));
        assert_eq!(schedule.next_ready(), None);
    }

    #[test]
    fn a_run_that_ends_early_only_completes_what_it_began() {
        let mut plan = Plan::default();
        let late = plan.add("late", "", []);
        let stop = plan.add("stop", "", []);
        let remove = plan.add("remove", "", [stop]);
        let start = plan.add("start", "", [late, remove]);
        plan.complete(stop, remove);
        plan.complete(stop, start);
        let mut schedule = Schedule::new(&plan);
        assert_eq!((schedule.next_ready(), schedule.next_ready()), (Some(late), Some(stop)));
        assert_eq!(schedule.next_completing(), None, "the stop is not done");
        schedule.done(stop);
        assert_eq!((schedule.next_completing(), schedule.next_completing()), (Some(remove), None));
        schedule.done(remove);
        assert_eq!((schedule.next_completing(), schedule.next_completing()), (Some(start), None));
    }
}
