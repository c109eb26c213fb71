//! Commands and containers that a service has for moments of its containers' lives.

use wharf_compose::model::Service;

use super::{Cause, Moment, Plan, Step};

/// Runs a service's commands for `moment` in `container`, one after the other. Gives what comes after them has to wait for.
pub(super) fn commands(
    plan: &mut Plan,
    (name, service): (&str, &Service),
    moment: Moment,
    container: &str,
    after: Vec<usize>,
) -> Vec<usize> {
    let step = |index| Step::RunHook { service: name.to_owned(), moment, index, name: container.to_owned() };
    one_by_one(plan, (0..moment.hooks(service).len()).map(step), after)
}

/// Runs a service's `pre_start` containers beside `container`, one after the other.
pub(super) fn init_containers(
    plan: &mut Plan,
    (name, service): (&str, &Service),
    container: &str,
    after: Vec<usize>,
) -> Vec<usize> {
    let step = |index| Step::RunInitContainer { service: name.to_owned(), index, name: container.to_owned() };
    one_by_one(plan, (0..service.pre_start.len()).map(step), after)
}

fn one_by_one(plan: &mut Plan, steps: impl Iterator<Item = Step>, mut after: Vec<usize>) -> Vec<usize> {
    for step in steps {
        after = vec![plan.add(step, Cause::Hook, after)];
    }
    after
}
