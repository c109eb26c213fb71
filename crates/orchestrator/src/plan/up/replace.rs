//! Plans the steps of a container that is kept, and of one that is replaced.

use wharf_compose::model::Service;

use super::planner::{PlannedReplica, Planner, Retired, Start};
use crate::event::HookPoint;
use crate::observe::{Container, Health, State};
use crate::plan::{Cause, ContainerAct, NamedService, Step, hooks};
use crate::temporary_name::{is_temporary, is_unfinished, of_successor};

impl Planner<'_> {
    pub(super) fn keep(&mut self, start: &mut Start, container: &Container, joins: &[usize]) -> PlannedReplica {
        let NamedService { name: service_name, service } = &*start.service.clone();
        let proper = self.project.replica_name(service_name, container.number);
        let mut ready = None;
        let name = if is_temporary(&container.name, &proper) {
            let free = self.free_name(&proper);
            let rename = Step::container(&proper, ContainerAct::Rename { from: container.name.clone() });
            ready = Some(self.plan.add(rename, Cause::InterruptedUpdate, free));
            proper
        } else {
            container.name.clone()
        };
        let follows = self.restarted_dependency(service);
        if container.is_up() && follows.is_none() {
            // A container without a health check never becomes healthy.
            let healthy = match container.health {
                Some(health) => health == Health::Healthy,
                None => container.state == State::Running && !has_healthcheck(service),
            };
            return PlannedReplica { name, ready, healthy, started: Vec::new() };
        }
        if self.options.no_start {
            return PlannedReplica { name, ready, healthy: true, started: Vec::new() };
        }
        let before =
            ready.into_iter().chain(joins.iter().copied()).chain(self.free_endpoints(service, Some(container)));
        let mut exists: Vec<usize> = before.collect();
        let Some(dependency) = follows.filter(|_| container.is_up()) else {
            return self.start(start, name, &exists, Cause::Stopped);
        };
        exists.extend(&start.before);
        let after = hooks::commands(&mut self.plan, (service_name, service), HookPoint::PreStop, &name, exists);
        let stop = Step::container(&name, ContainerAct::Stop { grace: self.options.timeout });
        let stopped = self.plan.add(stop, Cause::DependencyReplaced { service: dependency }, after);
        let replica = self.start(start, name, &[stopped], Cause::Follows);
        self.complete(Retired { begun: stopped, gone: stopped }, replica.started.clone());
        replica
    }

    /// A dependency with `restart: true` that is recreated.
    fn restarted_dependency(&self, service: &Service) -> Option<String> {
        let mut restarting = service.depends_on.iter().filter(|(_, dependency)| dependency.restart);
        restarting.find(|(name, _)| self.is_replaced(name)).map(|(name, _)| name.clone())
    }

    /// The new container is created beside the old one, so that a failure leaves the old one running. The old one stops
    /// only when everything that the new one waits for exists. What begins with that stop is completed, whatever else
    /// fails.
    pub(super) fn replace(&mut self, start: &mut Start, old: &Container, cause: Cause) -> PlannedReplica {
        let NamedService { name: service_name, service } = &*start.service.clone();
        let name = self.project.replica_name(service_name, old.number);
        let created = self.successor(service_name, service, old, cause);
        let taken_over = match self.options.no_start {
            true => Vec::new(),
            false => self.free_endpoints(service, Some(old)),
        };
        let retired = match self.retired.get(&old.id) {
            Some(retired) => *retired,
            None => {
                let after = start.before.iter().copied().chain([created]).chain(taken_over.iter().copied());
                let after = after.collect();
                self.stop_and_remove(old, Cause::Follows, after)
            }
        };
        let free = if old.name == name { None } else { self.free_name(&name) };
        let rename = Step::container(&name, ContainerAct::Rename { from: of_successor(old, &name) });
        let renamed = self.plan.add(rename, Cause::Follows, [created, retired.gone].into_iter().chain(free));
        let mut exists = vec![renamed];
        exists.extend(taken_over);
        let replica = self.start(start, name, &exists, Cause::Follows);
        self.complete(retired, [renamed].into_iter().chain(replica.started.clone()));
        replica
    }

    /// Plans the creation of the container that takes the place of `old`.
    pub(super) fn successor(&mut self, service_name: &str, service: &Service, old: &Container, cause: Cause) -> usize {
        if let Some(created) = self.successors.get(&old.id) {
            return *created;
        }
        let temporary = of_successor(old, &self.project.replica_name(service_name, old.number));
        let free = self.free_name(&temporary);
        let inherit = !self.options.renew_anonymous_volumes;
        let create = ContainerAct::Create {
            service: NamedService::new(service_name, service),
            number: old.number,
            image: self.image(service_name, service),
            replaces: inherit.then(|| old.volumes.clone()),
        };
        let after = self.creates_after(service).into_iter().chain(free);
        let created = self.plan.add(Step::container(&temporary, create), cause, after);
        self.successors.insert(old.id.clone(), created);
        created
    }

    pub(super) fn stop_and_remove(&mut self, container: &Container, cause: Cause, after: Vec<usize>) -> Retired {
        let mut after = after;
        let mut cause = cause;
        let mut begun = None;
        if container.is_up() {
            if let Some((name, service)) = self.project.services.get_key_value(&container.service) {
                after = hooks::commands(&mut self.plan, (name, service), HookPoint::PreStop, &container.name, after);
            }
            let stop = Step::container(&container.name, ContainerAct::Stop { grace: self.options.timeout });
            let stopped = self.plan.add(stop, cause, after);
            begun = Some(stopped);
            after = vec![stopped];
            cause = Cause::Follows;
        }
        // The volumes of a container that is replaced are its successor's, too. The engine keeps what has a name.
        let volumes = container.is_hook()
            || is_unfinished(container, &self.project.replica_name(&container.service, container.number));
        let remove = Step::container(&container.name, ContainerAct::Remove { volumes });
        let gone = self.plan.add(remove, cause, after);
        let retired = Retired { begun: begun.unwrap_or(gone), gone };
        self.retired.insert(container.id.clone(), retired);
        retired
    }
}

fn has_healthcheck(service: &Service) -> bool {
    service
        .healthcheck
        .as_ref()
        .is_some_and(|check| !check.disable && check.test.first().is_none_or(|word| word != "NONE"))
}
