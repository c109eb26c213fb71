//! Which steps may begin.

use std::collections::VecDeque;

use crate::graph::Plan;

/// The steps of a plan that may begin, as others are done.
#[derive(Debug)]
pub struct Schedule {
    /// How many steps before each are not done.
    open: Vec<usize>,
    /// The steps that wait for each.
    followers: Vec<Vec<usize>>,
    ready: VecDeque<usize>,
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
        Schedule { open, followers, ready }
    }

    /// A step that may begin now. Each step is given once.
    pub fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Records that a step is done, so that those that waited for it alone may begin. A number that the plan does not
    /// have, or that was recorded before, changes nothing.
    pub fn done(&mut self, number: usize) {
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
}
