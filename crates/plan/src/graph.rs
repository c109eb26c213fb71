//! The graph: steps, why each is there, and which steps it waits for.

use std::fmt;

use wharf_compose::Place;

use crate::problem::Warning;

/// Steps and what they wait for. A step's number is its index, and a step waits only for steps with smaller numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<S, C> {
    nodes: Vec<Node<S, C>>,
    warnings: Vec<Warning>,
}

/// A step in its plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<S, C> {
    step: S,
    cause: C,
    after: Vec<usize>,
    completes: Option<usize>,
}

impl<S, C> Node<S, C> {
    /// What is done.
    pub fn step(&self) -> &S {
        &self.step
    }

    /// Why it is done.
    pub fn cause(&self) -> &C {
        &self.cause
    }

    /// Numbers of the steps that have to be done before, in ascending order, each once.
    pub fn after(&self) -> &[usize] {
        &self.after
    }

    /// The number of the step whose work this one completes.
    pub fn completes(&self) -> Option<usize> {
        self.completes
    }
}

impl<S, C> Default for Plan<S, C> {
    fn default() -> Self {
        Plan { nodes: Vec::new(), warnings: Vec::new() }
    }
}

impl<S, C> Plan<S, C> {
    /// Adds a step that waits for those with the numbers `after`, and returns its number.
    ///
    /// # Panics
    /// If a number is not that of an earlier step of this plan.
    pub fn add(&mut self, step: S, cause: C, after: impl IntoIterator<Item = usize>) -> usize {
        let number = self.nodes.len();
        let mut after: Vec<usize> = after.into_iter().collect();
        after.sort_unstable();
        after.dedup();
        assert!(after.last().is_none_or(|last| *last < number), "step {number} can only wait for earlier steps");
        self.nodes.push(Node { step, cause, after, completes: None });
        number
    }

    /// Says that `step` completes what the step `begun` begins: once `begun` is done, `step` is carried out even after a
    /// failure or a stop. It then waits only for `begun` and for steps that complete it, too.
    ///
    /// # Panics
    /// If `begun` is not an earlier step than `step`, or `step` is not in the plan.
    pub fn complete(&mut self, begun: usize, step: usize) {
        assert!(begun < step, "step {step} can only complete an earlier one");
        self.nodes[step].completes = Some(begun);
    }

    /// Adds something that the person should know before the plan is carried out.
    pub fn warn(&mut self, message: String, place: Option<&Place>) {
        self.warnings.push(Warning { message, place: place.cloned() });
    }

    /// The steps with their causes; a step's number is its index.
    pub fn nodes(&self) -> &[Node<S, C>] {
        &self.nodes
    }

    /// The steps in the order of their numbers.
    pub fn steps(&self) -> impl Iterator<Item = &S> {
        self.nodes.iter().map(Node::step)
    }

    /// Changes a step that was added before.
    pub fn step_mut(&mut self, number: usize) -> Option<&mut S> {
        self.nodes.get_mut(number).map(|node| &mut node.step)
    }

    /// What the person should know before the plan is carried out.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl<S: fmt::Display, C: fmt::Display> fmt::Display for Plan<S, C> {
    /// One line per step: its number from 1, what is done, why, and after which steps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes.is_empty() {
            return f.write_str("nothing to do\n");
        }
        let rows: Vec<[String; 2]> =
            self.nodes.iter().map(|node| [node.step.to_string(), node.cause.to_string()]).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (steps, causes) = (width(0), width(1));
        for (number, (node, [step, cause])) in self.nodes.iter().zip(&rows).enumerate() {
            let after: Vec<String> = node.after.iter().map(|number| (number + 1).to_string()).collect();
            let line = match after.is_empty() {
                true => format!("{:>3}. {step:steps$}  {cause}", number + 1),
                false => format!("{:>3}. {step:steps$}  {cause:causes$}  after {}", number + 1, after.join(", ")),
            };
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_prints_as_a_table() {
        let mut plan = Plan::default();
        assert_eq!(plan.to_string(), "nothing to do\n");
        let pull = plan.add("pull the image", "not there yet", []);
        let make = plan.add("make the volume", "asked for", []);
        plan.add("start", "", [make, pull, pull]);
        insta::assert_snapshot!(plan, @r"
        1. pull the image   not there yet
        2. make the volume  asked for
        3. start                           after 1, 2
        ");
    }

    #[test]
    #[should_panic(expected = "step 1 can only wait for earlier steps")]
    fn a_step_cannot_wait_for_itself_or_for_later_ones() {
        let mut plan = Plan::default();
        plan.add("a", "", []);
        plan.add("b", "", [1]);
    }
}
