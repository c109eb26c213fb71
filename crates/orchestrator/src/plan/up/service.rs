//! Decides which containers of a service are kept, removed or created.

use std::collections::BTreeSet;

use wharf_compose::model::Service;

use super::Recreate;
use super::planner::{Kept, PlannedReplica, Planner, ServiceOutcome, Start};
use crate::event::HookPoint;
use crate::observe::{Container, State};
use crate::plan::{Cause, ContainerAct, NamedService, Step, hooks};
use crate::request;

impl Planner<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Service) {
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
            service: NamedService::new(name, service),
            before: self.starts_after(name, service),
            initialised: runs_already || self.options.no_start,
        };
        let creates_after = self.creates_after(service);
        let mut outcome = ServiceOutcome::default();
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
        service.refers_to().find(replaced).map(|owner| Cause::DependencyReplaced { service: owner.to_owned() })
    }

    /// Networks, volumes and containers that share something with a container must exist before it is created.
    fn creates_after(&self, service: &Service) -> Vec<usize> {
        let networks = service.networks.keys().map(|key| format!("network {key}"));
        let volumes =
            service.volumes.iter().filter_map(|mount| mount.source.as_ref()).map(|key| format!("volume {key}"));
        let mut after: Vec<usize> = networks.chain(volumes).filter_map(|key| self.made.get(&key).copied()).collect();
        for owner in service.refers_to().filter_map(|owner| self.services.get(owner)) {
            after.extend(owner.replicas.iter().filter_map(|replica| replica.ready));
        }
        after
    }

    fn create(&mut self, start: &mut Start, number: u32, creates_after: &[usize]) -> PlannedReplica {
        let name = self.project.replica_name(&start.service.name, number);
        let create = ContainerAct::Create { service: start.service.clone(), number, replaces: None };
        let created = self.plan.add(Step::container(&name, create), Cause::Missing, creates_after.iter().copied());
        self.start(start, name, Some(created), Cause::Follows)
    }

    /// Starts a container that exists after the step `exists`. The first one starts after the service's `pre_start`
    /// containers.
    pub(super) fn start(
        &mut self,
        start: &mut Start,
        name: String,
        exists: Option<usize>,
        cause: Cause,
    ) -> PlannedReplica {
        if self.options.no_start {
            return PlannedReplica { name, ready: exists, healthy: true };
        }
        let NamedService { name: service_name, service } = &*start.service.clone();
        let mut after = start.before.clone();
        after.extend(exists);
        if !std::mem::replace(&mut start.initialised, true) && !service.pre_start.is_empty() {
            after = hooks::init_containers(&mut self.plan, &start.service, &name, after);
            start.before.clone_from(&after);
        }
        let started = self.plan.add(Step::container(&name, ContainerAct::Start), cause, after);
        let of = (service_name.as_str(), service);
        let ready = hooks::commands(&mut self.plan, of, HookPoint::PostStart, &name, vec![started]).pop();
        PlannedReplica { name, ready, healthy: false }
    }
}
