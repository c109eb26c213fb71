//! `up`: from what is there to what the file says.

use std::collections::{BTreeMap, BTreeSet};

use wharf_compose::Project;
use wharf_compose::model::{Condition, Service};
use wharf_docker::names::short_id;

use super::order::{dependencies, in_order, owners, selected};
use super::{Cause, Moment, Plan, Step, Until, check, hooks};
use crate::observe::{Container, Health, State};
use crate::{Error, Observed, request};

/// Which containers are made anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recreate {
    /// Those whose configuration or image changed.
    #[default]
    Changed,
    /// All.
    Always,
    /// None.
    Never,
}

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct UpOptions {
    /// Only these services; none: all.
    pub services: Vec<String>,
    /// Without the services that they depend on.
    pub no_deps: bool,
    /// Which containers of the chosen services are made anew.
    pub recreate: Recreate,
    /// Create only.
    pub no_start: bool,
    /// Start what exists, create nothing: `start`.
    pub only_existing: bool,
    /// Wait until all run, or are healthy where they have a health check.
    pub wait: bool,
    /// Replicas by service, instead of what the file says.
    pub scale: BTreeMap<String, u32>,
    /// Remove containers of services that the file does not name.
    pub remove_orphans: bool,
    /// Say nothing of containers of services that the file does not name.
    pub ignore_orphans: bool,
    /// Containers of services that the chosen ones depend on are made anew, too.
    pub recreate_dependencies: bool,
    /// Networks and volumes that no chosen service uses, too.
    pub all_resources: bool,
    /// Seconds a container gets to stop, instead of its own grace period.
    pub timeout: Option<u64>,
    /// New anonymous volumes for recreated containers.
    pub renew_anonymous_volumes: bool,
}

/// Plans what `up` does. Images are expected to be there: see [`super::images`].
///
/// # Errors
/// [`Error::Refused`] with all that cannot work: ports that are taken, names that replicas cannot share.
pub fn up(project: &Project, observed: &Observed, options: &UpOptions) -> Result<Plan, Error> {
    let chosen = selected(project, &options.services, options.no_deps)?;
    for name in options.scale.keys().filter(|name| !project.services.contains_key(*name)) {
        selected(project, std::slice::from_ref(name), true)?;
    }
    let problems = check::problems(project, observed, &chosen, &options.scale);
    if !problems.is_empty() && !options.only_existing {
        return Err(Error::Refused(problems));
    }
    let mut planner = Planner::new(project, observed, options);
    if !options.only_existing {
        planner.networks_and_volumes(&chosen);
    }
    for (name, service) in in_order(project, &chosen) {
        planner.service(name, service);
    }
    if !options.only_existing {
        planner.orphans();
    }
    if options.wait && !options.no_start {
        planner.wait_for_all(&chosen);
    }
    Ok(planner.plan)
}

/// Plans what has to be there before one more container of `service` can run: its networks and volumes, and the services
/// it depends on.
///
/// # Errors
/// As [`up`].
pub fn around(project: &Project, observed: &Observed, service: &str, options: &UpOptions) -> Result<Plan, Error> {
    let mut chosen = selected(project, &[service.to_owned()], options.no_deps)?;
    let mut planner = Planner::new(project, observed, options);
    planner.networks_and_volumes(&chosen);
    chosen.remove(service);
    let problems = check::problems(project, observed, &chosen, &options.scale);
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    for (name, service) in in_order(project, &chosen) {
        planner.service(name, service);
    }
    planner.starts_after(service, &project.services[service]);
    planner.orphans();
    Ok(planner.plan)
}

/// Plans what a service asks for after one more container of it, `name`, was started.
pub fn after_start(project: &Project, service: &str, name: &str) -> Plan {
    let mut plan = Plan::default();
    if let Some(definition) = project.services.get(service) {
        hooks::commands(&mut plan, (service, definition), Moment::PostStart, name, Vec::new());
    }
    plan
}

pub(super) struct Planner<'a> {
    pub(super) project: &'a Project,
    pub(super) observed: &'a Observed,
    pub(super) options: &'a UpOptions,
    pub(super) plan: Plan,
    /// Steps that make networks (`network NAME`) and volumes (`volume NAME`).
    pub(super) made: BTreeMap<String, usize>,
    /// What became of the services so far.
    services: BTreeMap<String, Outcome>,
    awaits: BTreeMap<(String, Until), usize>,
}

/// What the plan does with one service.
#[derive(Default)]
struct Outcome {
    replicas: Vec<Replica>,
    /// Some of its containers are made anew.
    replaced: bool,
}

/// A container that is there, and why it is made anew, if it is.
type Kept<'a> = (&'a Container, Option<Cause>);

/// How the containers of one service are started.
struct Start<'a> {
    name: &'a str,
    service: &'a Service,
    /// Steps that have to be done before.
    before: Vec<usize>,
    /// Its `pre_start` containers are planned, or not needed.
    initialised: bool,
}

/// A container as it will be.
struct Replica {
    name: String,
    /// Its last step: it exists, or runs, after that.
    ready: Option<usize>,
    /// It runs and is healthy already, or stays as it is.
    healthy: bool,
}

impl<'a> Planner<'a> {
    fn new(project: &'a Project, observed: &'a Observed, options: &'a UpOptions) -> Self {
        Planner {
            project,
            observed,
            options,
            plan: Plan::default(),
            made: BTreeMap::new(),
            services: BTreeMap::new(),
            awaits: BTreeMap::new(),
        }
    }

    fn service(&mut self, name: &str, service: &Service) {
        let wanted = match self.options.only_existing {
            true => u32::MAX,
            false => self.wanted(name, service),
        };
        let mut here: Vec<Kept<'_>> = self
            .observed
            .containers
            .iter()
            .filter(|container| container.service == name && !container.one_off)
            .map(|container| (container, self.reason_to_recreate(name, service, container)))
            .collect();
        // Up-to-date ones first, then by number; of two with one number the one with the proper name.
        here.sort_by_key(|(container, reason)| {
            let proper = container.name == self.project.replica_name(name, container.number);
            (reason.is_some(), container.number, !proper)
        });
        let mut numbers = BTreeSet::new();
        let mut kept = Vec::new();
        let mut excess = Vec::new();
        for (container, reason) in here {
            if !numbers.insert(container.number) {
                excess.push((container, Cause::InterruptedUpdate));
            } else if kept.len() as u32 >= wanted {
                excess.push((container, Cause::ScaledDown { to: wanted }));
            } else {
                kept.push((container, reason));
            }
        }
        for (container, cause) in excess {
            self.remove(container, cause);
        }
        let missing = match self.options.only_existing {
            true => 0,
            false => wanted.saturating_sub(kept.len() as u32) as usize,
        };
        let free = (1..).filter(|number| !kept.iter().any(|(kept, _)| kept.number == *number)).take(missing);
        let mut replicas: Vec<(u32, Option<Kept<'_>>)> = free.map(|number| (number, None)).collect();
        replicas.extend(kept.into_iter().map(|kept| (kept.0.number, Some(kept))));
        replicas.sort_by_key(|(number, _)| *number);

        let stays = |kept: &Kept<'_>| kept.1.is_none() && kept.0.state == State::Running;
        let runs_already = replicas.iter().filter_map(|(_, kept)| kept.as_ref()).any(stays);
        let mut start = Start {
            name,
            service,
            before: self.starts_after(name, service),
            initialised: runs_already || self.options.no_start,
        };
        let creates_after = self.creates_after(service);
        let mut outcome = Outcome::default();
        for (number, kept) in replicas {
            let replica = match kept {
                Some((container, Some(cause))) => {
                    outcome.replaced = true;
                    self.replace(&mut start, container, cause, &creates_after)
                }
                Some((container, None)) => self.keep(&mut start, container),
                None => self.create(&mut start, number, &creates_after),
            };
            outcome.replicas.push(replica);
        }
        self.services.insert(name.to_owned(), outcome);
    }

    fn wanted(&self, name: &str, service: &Service) -> u32 {
        self.options.scale.get(name).copied().unwrap_or_else(|| service.replicas())
    }

    fn reason_to_recreate(&self, name: &str, service: &Service, container: &Container) -> Option<Cause> {
        let named = self.options.services.is_empty() || self.options.services.iter().any(|chosen| chosen == name);
        match self.options.recreate {
            Recreate::Never => return None,
            Recreate::Always if named => return Some(Cause::Asked),
            _ if self.options.recreate_dependencies && !named => return Some(Cause::Asked),
            _ => {}
        }
        if matches!(container.state, State::Dead | State::Removing)
            || !container.hash.as_deref().is_some_and(|hash| request::is_current(self.project, service, hash))
        {
            return Some(Cause::ConfigurationChanged);
        }
        let image = self.observed.images.get(&self.project.image_of(name, service));
        if image.is_some_and(|image| image.id != container.image_id) {
            return Some(Cause::ImageChanged);
        }
        // It shares namespaces or volumes with a container that will be gone.
        let replaced = |owner: &&str| self.services.get(*owner).is_some_and(|outcome| outcome.replaced);
        owners(service).find(replaced).map(|owner| Cause::DependencyReplaced { service: owner.to_owned() })
    }

    /// Networks, volumes and whoever shares something with it have to be there before a container is created.
    fn creates_after(&self, service: &Service) -> Vec<usize> {
        let networks = service.networks.keys().map(|key| format!("network {key}"));
        let volumes =
            service.volumes.iter().filter_map(|mount| mount.source.as_ref()).map(|key| format!("volume {key}"));
        let mut after: Vec<usize> = networks.chain(volumes).filter_map(|key| self.made.get(&key).copied()).collect();
        for owner in owners(service).filter_map(|owner| self.services.get(owner)) {
            after.extend(owner.replicas.iter().filter_map(|replica| replica.ready));
        }
        after
    }

    /// What has to be done before a container of the service is started.
    fn starts_after(&mut self, name: &str, service: &Service) -> Vec<usize> {
        let mut after = Vec::new();
        if self.options.no_start {
            return after;
        }
        for (dependency, condition) in dependencies(self.project, service) {
            match condition {
                Condition::Started => {
                    let replicas = self.services.get(dependency).map(|outcome| outcome.replicas.as_slice());
                    after.extend(replicas.unwrap_or_default().iter().filter_map(|replica| replica.ready));
                }
                Condition::Healthy => after.extend(self.wait_for(dependency, Until::Healthy, Some((name, service)))),
                Condition::CompletedSuccessfully => {
                    after.extend(self.wait_for(dependency, Until::Completed, Some((name, service))));
                }
            }
        }
        after
    }

    /// Steps that wait for all replicas of a service.
    fn wait_for(&mut self, service: &str, until: Until, needed_by: Option<(&str, &Service)>) -> Vec<usize> {
        let Some(outcome) = self.services.get(service) else { return Vec::new() };
        let cause = match needed_by {
            None => Cause::Asked,
            Some((name, _)) => Cause::NeededBy { service: name.to_owned() },
        };
        let required = needed_by
            .and_then(|(_, dependent)| dependent.depends_on.get(service))
            .is_none_or(|dependency| dependency.required);
        let mut steps = Vec::new();
        for replica in &outcome.replicas {
            let waits = until == Until::Completed || !replica.healthy;
            if !waits {
                continue;
            }
            let key = (replica.name.clone(), until);
            let number = match self.awaits.get(&key) {
                Some(number) => {
                    // One who requires it is enough.
                    if let Step::AwaitContainer { optional, .. } = &mut self.plan.steps[*number].step {
                        *optional &= !required;
                    }
                    *number
                }
                None => {
                    let step = Step::AwaitContainer { name: replica.name.clone(), until, optional: !required };
                    let number = self.plan.add(step, cause.clone(), replica.ready.into_iter().collect());
                    self.awaits.insert(key, number);
                    number
                }
            };
            steps.push(number);
        }
        steps
    }

    fn keep(&mut self, start: &mut Start<'_>, container: &Container) -> Replica {
        let service = start.service;
        let proper = self.project.replica_name(start.name, container.number);
        let mut ready = None;
        let leftover = container.name != proper && container.name.ends_with(&format!("_{proper}"));
        let name = if leftover {
            let step = Step::RenameContainer { from: container.name.clone(), to: proper.clone() };
            ready = Some(self.plan.add(step, Cause::InterruptedUpdate, Vec::new()));
            proper
        } else {
            container.name.clone()
        };
        let follows = self.restarted_dependency(service);
        if container.is_up() && follows.is_none() {
            // Without a health check there is no health to wait for.
            let healthy = match container.health {
                Some(health) => health == Health::Healthy,
                None => container.state == State::Running && !has_healthcheck(service),
            };
            return Replica { name, ready, healthy };
        }
        if self.options.no_start {
            return Replica { name, ready, healthy: true };
        }
        let cause = match follows {
            Some(dependency) if container.is_up() => {
                let mut after = start.before.clone();
                after.extend(ready);
                let after = hooks::commands(&mut self.plan, (start.name, service), Moment::PreStop, &name, after);
                let stop = Step::StopContainer { name: name.clone(), grace: self.options.timeout };
                let cause = Cause::DependencyReplaced { service: dependency };
                ready = Some(self.plan.add(stop, cause, after));
                Cause::Follows
            }
            _ => Cause::Stopped,
        };
        self.start(start, name, ready, cause)
    }

    /// A dependency with `restart: true` that is made anew.
    fn restarted_dependency(&self, service: &Service) -> Option<String> {
        let mut restarting = service.depends_on.iter().filter(|(_, dependency)| dependency.restart);
        let replaced = |name: &String| self.services.get(name).is_some_and(|outcome| outcome.replaced);
        restarting.find(|(name, _)| replaced(name)).map(|(name, _)| name.clone())
    }

    fn create(&mut self, start: &mut Start<'_>, number: u32, creates_after: &[usize]) -> Replica {
        let name = self.project.replica_name(start.name, number);
        let service = start.name.to_owned();
        let step = Step::CreateContainer { service, number, name: name.clone(), replaces: None };
        let created = self.plan.add(step, Cause::Missing, creates_after.to_vec());
        self.start(start, name, Some(created), Cause::Follows)
    }

    /// The new container is made beside the old one, so that a failure leaves the old one running; the old one stops only
    /// when all that the new one waits for is there.
    fn replace(&mut self, start: &mut Start<'_>, old: &Container, cause: Cause, creates_after: &[usize]) -> Replica {
        let name = self.project.replica_name(start.name, old.number);
        let aside = format!("{}_{name}", short_id(&old.id));
        // What an interrupted update left under that very name is the old container itself.
        let aside = if aside == old.name { format!("{aside}_") } else { aside };
        let inherit = !self.options.renew_anonymous_volumes;
        let create = Step::CreateContainer {
            service: start.name.to_owned(),
            number: old.number,
            name: aside.clone(),
            replaces: inherit.then(|| old.id.clone()),
        };
        let created = self.plan.add(create, cause, creates_after.to_vec());
        let mut after = start.before.clone();
        after.push(created);
        let removed = self.stop_and_remove(old, Cause::Follows, after);
        let renamed = self.plan.add(
            Step::RenameContainer { from: aside, to: name.clone() },
            Cause::Follows,
            vec![created, removed],
        );
        self.start(start, name, Some(renamed), Cause::Follows)
    }

    /// Starts a container that is there after the step `exists`; the first one after the service's `pre_start` containers.
    fn start(&mut self, start: &mut Start<'_>, name: String, exists: Option<usize>, cause: Cause) -> Replica {
        if self.options.no_start {
            return Replica { name, ready: exists, healthy: true };
        }
        let (of, plan) = ((start.name, start.service), &mut self.plan);
        let mut after = start.before.clone();
        after.extend(exists);
        if !std::mem::replace(&mut start.initialised, true) && !start.service.pre_start.is_empty() {
            after = hooks::init_containers(plan, of, &name, after);
            start.before.clone_from(&after);
        }
        let started = plan.add(Step::StartContainer { name: name.clone() }, cause, after);
        let ready = hooks::commands(plan, of, Moment::PostStart, &name, vec![started]).pop();
        Replica { name, ready, healthy: false }
    }

    fn remove(&mut self, container: &Container, cause: Cause) {
        self.stop_and_remove(container, cause, Vec::new());
    }

    fn stop_and_remove(&mut self, container: &Container, cause: Cause, after: Vec<usize>) -> usize {
        let mut after = after;
        let mut cause = cause;
        if container.is_up() {
            if let Some((name, service)) = self.project.services.get_key_value(&container.service) {
                after = hooks::commands(&mut self.plan, (name, service), Moment::PreStop, &container.name, after);
            }
            let stop = Step::StopContainer { name: container.name.clone(), grace: self.options.timeout };
            after = vec![self.plan.add(stop, cause, after)];
            cause = Cause::Follows;
        }
        self.plan.add(Step::RemoveContainer { name: container.name.clone(), volumes: false }, cause, after)
    }

    fn orphans(&mut self) {
        let project = self.project;
        let known = |name: &String| project.services.contains_key(name) || project.disabled_services.contains_key(name);
        // A container of `run` is one when it has ended.
        let orphaned = |found: &&Container| match found.one_off {
            true => matches!(found.state, State::Exited | State::Dead),
            false => !known(&found.service),
        };
        let orphans: Vec<&Container> = self.observed.containers.iter().filter(orphaned).collect();
        if orphans.is_empty() || (self.options.ignore_orphans && !self.options.remove_orphans) {
            return;
        }
        if self.options.remove_orphans {
            for container in orphans {
                self.remove(container, Cause::Orphan);
            }
            return;
        }
        let names: Vec<&str> = orphans.iter().map(|container| container.name.as_str()).collect();
        let message = format!(
            "orphans, containers that no service of the file has: {}; --remove-orphans removes them",
            names.join(", ")
        );
        self.plan.warn(message, None);
    }

    fn wait_for_all(&mut self, chosen: &BTreeSet<String>) {
        let project = self.project;
        // A service that others wait to complete is done when it has.
        let jobs: BTreeSet<&str> = project
            .services
            .values()
            .flat_map(|service| dependencies(project, service))
            .filter(|(_, condition)| *condition == Condition::CompletedSuccessfully)
            .map(|(name, _)| name)
            .collect();
        for (name, _) in in_order(project, chosen) {
            if !jobs.contains(name) {
                // One wait for each container: who waits for health has waited for running, too.
                let waited = |name: &str| self.awaits.contains_key(&(name.to_owned(), Until::Healthy));
                let all =
                    self.services.get(name).is_some_and(|outcome| outcome.replicas.iter().all(|r| waited(&r.name)));
                if !all {
                    self.wait_for(name, Until::RunningOrHealthy, None);
                }
            }
        }
    }
}

fn has_healthcheck(service: &Service) -> bool {
    service
        .healthcheck
        .as_ref()
        .is_some_and(|check| !check.disable && check.test.first().is_none_or(|word| word != "NONE"))
}
