//! Plans the steps of a service's containers, as was decided about them.

use wharf_compose::model::Service;

use super::planner::{PlannedReplica, Planner, ServiceOutcome, Start};
use crate::event::HookPoint;
use crate::observe::{Image, State};
use crate::plan::{Cause, ContainerAct, NamedService, Step, hooks};

impl Planner<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Service) {
        let Some(decision) = self.decisions.get(name).cloned() else { return };
        for container in &decision.excess {
            self.remove(container);
        }
        let runs_already = decision
            .replicas
            .iter()
            .any(|(_, kept)| matches!(kept, Some((container, None)) if container.state == State::Running));
        let mut start = Start {
            service: NamedService::new(name, service),
            before: self.starts_after(name, service),
            initialised: runs_already || self.options.no_start,
        };
        let creates_after = self.creates_after(service);
        let mut outcome = ServiceOutcome::default();
        for (number, kept) in decision.replicas {
            outcome.replicas.push(match kept {
                Some((container, Some(cause))) => self.replace(&mut start, container, cause),
                Some((container, None)) => self.keep(&mut start, container, &creates_after),
                None => self.create(&mut start, number, &creates_after),
            });
        }
        self.services.insert(name.to_owned(), outcome);
    }

    /// Networks, volumes and containers that share something with a container must exist before it is created.
    pub(super) fn creates_after(&self, service: &Service) -> Vec<usize> {
        let networks = service.networks.keys().map(|key| format!("network {key}"));
        let volumes =
            service.volumes.iter().filter_map(|mount| mount.source.as_ref()).map(|key| format!("volume {key}"));
        let mut after: Vec<usize> = networks.chain(volumes).filter_map(|key| self.made.get(&key).copied()).collect();
        for owner in service.refers_to().filter_map(|owner| self.services.get(owner)) {
            after.extend(owner.replicas.iter().filter_map(|replica| replica.ready));
        }
        after
    }

    pub(super) fn image(&self, name: &str, service: &Service) -> Option<Image> {
        self.observed.images.get(&self.project.image_of(name, service)).cloned()
    }

    fn create(&mut self, start: &mut Start, number: u32, creates_after: &[usize]) -> PlannedReplica {
        let name = self.project.replica_name(&start.service.name, number);
        // One that made room for it had the same number.
        let before =
            self.observed.containers.iter().find(|found| found.name == name && !self.options.renew_anonymous_volumes);
        let replaces = before.map(|before| before.volumes.clone());
        let image = self.image(&start.service.name, &start.service.service);
        let create = ContainerAct::Create { service: start.service.clone(), number, image, replaces };
        let after = creates_after.iter().copied().chain(self.free_name(&name));
        let created = self.plan.add(Step::container(&name, create), Cause::Missing, after);
        let mut exists = vec![created];
        if !self.options.no_start {
            let service = &start.service.clone().service;
            exists.extend(self.free_endpoints(service, None));
        }
        self.start(start, name, &exists, Cause::Follows)
    }

    /// Starts a container that can be started after the steps `exists`. The first one starts after the service's
    /// `pre_start` containers.
    pub(super) fn start(&mut self, start: &mut Start, name: String, exists: &[usize], cause: Cause) -> PlannedReplica {
        if self.options.no_start {
            let ready = exists.first().copied();
            return PlannedReplica { name, ready, healthy: true, started: Vec::new() };
        }
        let NamedService { name: service_name, service } = &*start.service.clone();
        let mut after = start.before.clone();
        after.extend(exists);
        let first = self.plan.len();
        if !std::mem::replace(&mut start.initialised, true) && !service.pre_start.is_empty() {
            after = hooks::init_containers(&mut self.plan, &start.service, &name, after);
            start.before.clone_from(&after);
        }
        let started = self.plan.add(Step::container(&name, ContainerAct::Start), cause, after);
        let of = (service_name.as_str(), service);
        let ready = hooks::commands(&mut self.plan, of, HookPoint::PostStart, &name, vec![started]).pop();
        PlannedReplica { name, ready, healthy: false, started: (first..=started).collect() }
    }
}
