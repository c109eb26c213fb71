//! Decides which existing containers are kept, replaced or removed.

use wharf_compose::model::Service;
use wharf_docker::names::short_id;

use super::planner::{PlannedReplica, Planner, Start};
use crate::event::HookPoint;
use crate::observe::{Container, Health, State};
use crate::plan::{Cause, ContainerAct, NamedService, Step, hooks};

impl Planner<'_> {
    pub(super) fn keep(&mut self, start: &mut Start, container: &Container) -> PlannedReplica {
        let NamedService { name: service_name, service } = &*start.service.clone();
        let proper = self.project.replica_name(service_name, container.number);
        let mut ready = None;
        let leftover = container.name != proper && container.name.ends_with(&format!("_{proper}"));
        let name = if leftover {
            let rename = Step::container(&proper, ContainerAct::Rename { from: container.name.clone() });
            ready = Some(self.plan.add(rename, Cause::InterruptedUpdate, []));
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
            return PlannedReplica { name, ready, healthy };
        }
        if self.options.no_start {
            return PlannedReplica { name, ready, healthy: true };
        }
        let cause = match follows {
            Some(dependency) if container.is_up() => {
                let mut after = start.before.clone();
                after.extend(ready);
                let after = hooks::commands(&mut self.plan, (service_name, service), HookPoint::PreStop, &name, after);
                let stop = Step::container(&name, ContainerAct::Stop { grace: self.options.timeout });
                let cause = Cause::DependencyReplaced { service: dependency };
                ready = Some(self.plan.add(stop, cause, after));
                Cause::Follows
            }
            _ => Cause::Stopped,
        };
        self.start(start, name, ready, cause)
    }

    /// A dependency with `restart: true` that is recreated.
    fn restarted_dependency(&self, service: &Service) -> Option<String> {
        let mut restarting = service.depends_on.iter().filter(|(_, dependency)| dependency.restart);
        let replaced = |name: &String| self.services.get(name).is_some_and(|outcome| outcome.replaced);
        restarting.find(|(name, _)| replaced(name)).map(|(name, _)| name.clone())
    }

    /// The new container is created beside the old one, so that a failure leaves the old one running. The old one stops
    /// only when everything that the new one waits for exists.
    pub(super) fn replace(
        &mut self,
        start: &mut Start,
        old: &Container,
        cause: Cause,
        creates_after: &[usize],
    ) -> PlannedReplica {
        let name = self.project.replica_name(&start.service.name, old.number);
        let aside = format!("{}_{name}", short_id(&old.id));
        // What an interrupted update left under that very name is the old container itself.
        let aside = if aside == old.name { format!("{aside}_") } else { aside };
        let inherit = !self.options.renew_anonymous_volumes;
        let create = ContainerAct::Create {
            service: start.service.clone(),
            number: old.number,
            replaces: inherit.then(|| old.id.clone()),
        };
        let created = self.plan.add(Step::container(&aside, create), cause, creates_after.iter().copied());
        let mut after = start.before.clone();
        after.push(created);
        let removed = self.stop_and_remove(old, Cause::Follows, after);
        let rename = Step::container(&name, ContainerAct::Rename { from: aside });
        let renamed = self.plan.add(rename, Cause::Follows, [created, removed]);
        self.start(start, name, Some(renamed), Cause::Follows)
    }

    pub(super) fn remove(&mut self, container: &Container, cause: Cause) {
        self.stop_and_remove(container, cause, Vec::new());
    }

    pub(super) fn stop_and_remove(&mut self, container: &Container, cause: Cause, after: Vec<usize>) -> usize {
        let mut after = after;
        let mut cause = cause;
        if container.is_up() {
            if let Some((name, service)) = self.project.services.get_key_value(&container.service) {
                after = hooks::commands(&mut self.plan, (name, service), HookPoint::PreStop, &container.name, after);
            }
            let stop = Step::container(&container.name, ContainerAct::Stop { grace: self.options.timeout });
            after = vec![self.plan.add(stop, cause, after)];
            cause = Cause::Follows;
        }
        let remove = ContainerAct::Remove { volumes: false };
        self.plan.add(Step::container(&container.name, remove), cause, after)
    }
}

fn has_healthcheck(service: &Service) -> bool {
    service
        .healthcheck
        .as_ref()
        .is_some_and(|check| !check.disable && check.test.first().is_none_or(|word| word != "NONE"))
}
