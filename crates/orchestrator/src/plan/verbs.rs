//! The small verbs: stop, kill, restart containers that exist.

use wharf_compose::Project;

use super::down::Teardown;
use super::order::in_order;
use super::{Cause, Plan, Step};
use crate::Observed;
use crate::observe::Container;

/// Plans a graceful stop of the project's containers (of `services`, if any is named); they stay.
pub fn stop(project: &Project, observed: &Observed, services: &[String], timeout: Option<u64>) -> Plan {
    let mut plan = Plan::default();
    let chosen =
        |container: &&Container| !container.one_off && (services.is_empty() || services.contains(&container.service));
    let containers: Vec<&Container> = observed.containers.iter().filter(chosen).collect();
    Teardown { timeout, remove: false }.plan(&mut plan, project, &containers);
    plan
}

/// Plans a signal to the project's running containers (to those of `services`, if any is named).
pub fn kill(observed: &Observed, services: &[String], signal: &str) -> Plan {
    let mut plan = Plan::default();
    let chosen = |container: &&Container| services.is_empty() || services.contains(&container.service);
    for container in observed.containers.iter().filter(|container| container.is_up()).filter(chosen) {
        let step = Step::KillContainer { name: container.name.clone(), signal: signal.to_owned() };
        plan.add(step, Cause::Asked, Vec::new());
    }
    plan
}

/// Plans a restart of the project's containers (of `services`, if any is named), each after those of the services it
/// depends on.
pub fn restart(project: &Project, observed: &Observed, services: &[String], timeout: Option<u64>) -> Plan {
    let mut plan = Plan::default();
    let all = project.services.keys().cloned().collect();
    let mut before = Vec::new();
    for (name, _) in in_order(project, &all) {
        if !services.is_empty() && !services.iter().any(|chosen| chosen == name) {
            continue;
        }
        let replicas = observed.containers.iter().filter(|container| container.service == name && !container.one_off);
        let steps: Vec<usize> = replicas
            .map(|container| {
                let step = Step::RestartContainer { name: container.name.clone(), grace: timeout };
                plan.add(step, Cause::Asked, before.clone())
            })
            .collect();
        if !steps.is_empty() {
            before = steps;
        }
    }
    plan
}
