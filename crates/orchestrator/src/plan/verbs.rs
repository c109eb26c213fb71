//! The small verbs: stop, kill, pause, restart, remove containers that exist.

use std::collections::{BTreeMap, BTreeSet};

use wharf_compose::Project;
use wharf_compose::model::{Condition, Service};

use super::down::Teardown;
use super::order::{dependencies, in_order};
use super::{Cause, Commit, ContainerAct, ContainerStep, Plan, Step, hooks};
use crate::Observed;
use crate::copy::CopyInto;
use crate::event::{HookPoint, Until};
use crate::observe::Container;
use crate::own_keys;

/// Options of `rm`.
#[derive(Debug, Clone, Default)]
pub struct RemoveOptions {
    /// Only containers of these services. All services of the file if empty.
    pub services: Vec<String>,
    /// Whether to stop running containers first. Otherwise they are kept.
    pub stop: bool,
    /// Whether to remove anonymous volumes, too.
    pub volumes: bool,
}

/// Options of `restart`.
#[derive(Debug, Clone, Default)]
pub struct RestartOptions {
    /// Only these services, and those that restart with them (`depends_on.*.restart`). All of the file if empty.
    pub services: Vec<String>,
    /// Whether to leave out those that restart with them.
    pub no_deps: bool,
    /// Seconds that a container gets to stop, instead of its own grace period.
    pub timeout: Option<u64>,
}

/// Plans a graceful stop of the containers of `services`, or of all if empty. The containers are kept.
pub fn stop(project: &Project, observed: &Observed, services: &[String], timeout: Option<u64>) -> Plan {
    let mut plan = Plan::default();
    let containers = replicas(project, observed, services);
    Teardown { timeout, ..Teardown::default() }.plan(&mut plan, project, &containers);
    plan
}

/// Plans a signal to the running containers of `services`, or of all if empty, including those of `run`. With
/// `orphans`, services that the file does not name are included, too.
pub fn kill(project: &Project, observed: &Observed, services: &[String], signal: &str, orphans: bool) -> Plan {
    let mut plan = Plan::default();
    let chosen = |container: &&Container| {
        container.is_up() && (is_chosen(project, services, container) || (orphans && services.is_empty()))
    };
    for container in observed.containers.iter().filter(chosen) {
        let kill = ContainerAct::Kill { signal: signal.to_owned() };
        plan.add(Step::container(&container.name, kill), Cause::Asked, []);
    }
    plan
}

/// Plans to pause the running containers of `services`, or of all if empty.
pub fn pause(project: &Project, observed: &Observed, services: &[String]) -> Plan {
    each_running(project, observed, services, ContainerAct::Pause)
}

/// Plans to resume the paused containers of `services`, or of all if empty.
pub fn unpause(project: &Project, observed: &Observed, services: &[String]) -> Plan {
    each_running(project, observed, services, ContainerAct::Unpause)
}

/// Plans to copy files of this machine into each of the containers.
pub fn copy_into<'a>(containers: impl IntoIterator<Item = &'a str>, copy: CopyInto) -> Plan {
    each(containers, ContainerAct::CopyInto(copy))
}

/// Plans to create an image from a container.
pub fn commit(container: &str, commit: Commit) -> Plan {
    each([container], ContainerAct::Commit(commit))
}

/// Plans the removal of the project's stopped containers.
pub fn remove(project: &Project, observed: &Observed, options: &RemoveOptions) -> Plan {
    let mut plan = Plan::default();
    let mut containers = replicas(project, observed, &options.services);
    containers.retain(|container| options.stop || !container.is_up());
    Teardown { remove: Some(options.volumes), ..Teardown::default() }.plan(&mut plan, project, &containers);
    plan
}

/// Plans a restart of the project's containers, each after those of the services it depends on.
pub fn restart(project: &Project, observed: &Observed, options: &RestartOptions) -> Plan {
    let mut plan = Plan::default();
    // The last steps of each service's containers, by their names.
    let mut done: BTreeMap<&str, Vec<(String, usize)>> = BTreeMap::new();
    // Each container is waited for once.
    let mut awaits: BTreeMap<(String, Until), usize> = BTreeMap::new();
    for (name, service) in in_order(project, &restarted(project, options)) {
        let mut before = Vec::new();
        for (dependency, condition) in dependencies(project, service) {
            let Some(steps) = done.get(dependency) else { continue };
            let Some(until) = awaited(service, dependency, condition) else {
                before.extend(steps.iter().map(|(_, step)| *step));
                continue;
            };
            let required = service.depends_on.get(dependency).is_some_and(|found| found.required);
            let probes = own_keys::probes(project, project.services.get(dependency));
            for (container, step) in steps {
                let number = *awaits.entry((container.clone(), until)).or_insert_with(|| {
                    let wait = ContainerAct::Await { until, optional: true, probes };
                    let cause = Cause::NeededBy { service: name.to_owned() };
                    plan.add(Step::container(container, wait), cause, [*step])
                });
                require(&mut plan, number, required);
                before.push(number);
            }
        }
        for container in observed.containers.iter().filter(|found| found.service == name && !found.one_off) {
            let mut after = before.clone();
            if container.is_up() {
                after = hooks::commands(&mut plan, (name, service), HookPoint::PreStop, &container.name, after);
            }
            let restart = ContainerAct::Restart { grace: options.timeout };
            let restarted = plan.add(Step::container(&container.name, restart), Cause::Asked, after);
            let last =
                hooks::commands(&mut plan, (name, service), HookPoint::PostStart, &container.name, vec![restarted]);
            done.entry(name).or_default().extend(last.into_iter().map(|step| (container.name.clone(), step)));
        }
    }
    plan
}

/// The services that take part in a restart: the named ones, and those that follow one that is restarted.
fn restarted(project: &Project, options: &RestartOptions) -> BTreeSet<String> {
    if options.services.is_empty() {
        return project.services.keys().cloned().collect();
    }
    let mut chosen: BTreeSet<String> = options.services.iter().cloned().collect();
    let follows = |service: &Service, chosen: &BTreeSet<String>| {
        service.depends_on.iter().any(|(name, dependency)| dependency.restart && chosen.contains(name))
    };
    if options.no_deps {
        return chosen;
    }
    loop {
        let more: Vec<&String> = project
            .services
            .iter()
            .filter(|(name, service)| !chosen.contains(*name) && follows(service, &chosen))
            .map(|(name, _)| name)
            .collect();
        if more.is_empty() {
            return chosen;
        }
        chosen.extend(more.into_iter().cloned());
    }
}

/// A failure of this wait is one if a service requires what is waited for.
fn require(plan: &mut Plan, wait: usize, required: bool) {
    if let Some(Step::Container(ContainerStep { act: ContainerAct::Await { optional, .. }, .. })) = plan.step_mut(wait)
    {
        *optional &= !required;
    }
}

/// A service that follows the restart of another waits for it again as at its first start.
fn awaited(service: &Service, dependency: &str, condition: Condition) -> Option<Until> {
    let follows = service.depends_on.get(dependency).is_some_and(|dependency| dependency.restart);
    match condition {
        Condition::Healthy if follows => Some(Until::Healthy),
        Condition::CompletedSuccessfully if follows => Some(Until::Completed),
        _ => None,
    }
}

fn each_running(project: &Project, observed: &Observed, services: &[String], act: ContainerAct) -> Plan {
    let running = replicas(project, observed, services).into_iter().filter(|container| container.is_up());
    each(running.map(|container| container.name.as_str()), act)
}

/// Plans the same for each of the containers, in no order.
fn each<'a>(names: impl IntoIterator<Item = &'a str>, act: ContainerAct) -> Plan {
    let mut plan = Plan::default();
    for name in names {
        plan.add(Step::container(name, act.clone()), Cause::Asked, []);
    }
    plan
}

/// The replicas of `services`, or of all services in the file. Containers of `run` are not replicas.
fn replicas<'a>(project: &Project, observed: &'a Observed, services: &[String]) -> Vec<&'a Container> {
    let chosen = |container: &&Container| !container.one_off && is_chosen(project, services, container);
    observed.containers.iter().filter(chosen).collect()
}

/// Without a file, everything that carries the project's label belongs to it.
fn is_chosen(project: &Project, services: &[String], container: &Container) -> bool {
    let no_file = project.services.is_empty() && project.disabled_services.is_empty();
    match services.is_empty() {
        true => no_file || project.services.contains_key(&container.service),
        false => services.contains(&container.service),
    }
}
