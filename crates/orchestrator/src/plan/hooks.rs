//! Plans a service's hooks: commands and containers that run at certain points of its containers' lives.

use std::sync::Arc;

use wharf_compose::model::Service;

use super::{Cause, ContainerAct, NamedService, Plan, Step};
use crate::event::HookPoint;

/// Runs a service's commands for `point` in `container`, one after the other. Returns what comes after them has to wait
/// for.
pub(super) fn commands(
    plan: &mut Plan,
    (name, service): (&str, &Service),
    point: HookPoint,
    container: &str,
    after: Vec<usize>,
) -> Vec<usize> {
    let acts = point.hooks(service).iter().enumerate().map(|(index, hook)| ContainerAct::RunHook {
        service: name.to_owned(),
        point,
        index,
        hook: Arc::new(hook.clone()),
    });
    one_by_one(plan, container, acts, after)
}

/// Runs a service's `pre_start` containers beside `container`, one after the other.
pub(super) fn init_containers(
    plan: &mut Plan,
    service: &Arc<NamedService>,
    container: &str,
    after: Vec<usize>,
) -> Vec<usize> {
    let hooks = service.service.pre_start.iter().enumerate();
    let acts = hooks.map(|(index, hook)| ContainerAct::RunInitContainer {
        service: service.clone(),
        index,
        hook: Arc::new(hook.clone()),
    });
    one_by_one(plan, container, acts, after)
}

fn one_by_one(
    plan: &mut Plan,
    container: &str,
    acts: impl Iterator<Item = ContainerAct>,
    mut after: Vec<usize>,
) -> Vec<usize> {
    for act in acts {
        after = vec![plan.add(Step::container(container, act), Cause::Hook, after)];
    }
    after
}
