//! Decides for each service which of its containers are kept, replaced, removed or missing. Nothing is planned yet, so
//! that the plan can take all decisions into account.

use std::collections::BTreeSet;

use wharf_compose::model::Service;

use super::planner::{Decision, Going, Kept, Planner};
use crate::observe::Container;
use crate::plan::Cause;
use crate::temporary_name::is_unfinished;

impl<'a> Planner<'a> {
    /// Decides about one service. The services that it depends on have been decided before.
    pub(super) fn decide(&mut self, name: &str, service: &Service) {
        let wanted = match self.options.only_existing {
            true => u32::MAX,
            false => self.wanted(name, service),
        };
        let observed = self.observed;
        let of_service = observed.containers.iter().filter(|container| container.service == name);
        let (all, one_off): (Vec<&'a Container>, Vec<&'a Container>) = of_service.partition(|found| !found.one_off);
        let (unfinished, finished): (Vec<&Container>, Vec<&Container>) =
            all.into_iter().partition(|found| is_unfinished(found, &self.project.replica_name(name, found.number)));
        let mut here: Vec<Kept<'a>> = finished
            .into_iter()
            .map(|container| (container, self.reason_to_replace(name, service, container)))
            .collect();
        // What is unfinished has the data of the container that it was made to replace, so it is replaced in its turn.
        if !self.options.only_existing {
            here.extend(unfinished.into_iter().map(|container| (container, Some(Cause::InterruptedUpdate))));
        }
        // Up-to-date ones first, then by number; of two with one number the one with the proper name.
        here.sort_by_key(|(container, reason)| {
            let proper = self.project.replica_name(name, container.number);
            let order = (reason.is_some(), container.number, is_unfinished(container, &proper));
            (order, container.name != proper)
        });
        if let Some(volume) = self.replaced_volume(service) {
            return self.make_room(name, here, wanted, volume);
        }
        let mut decision = Decision::default();
        // What is left of hooks that failed or were interrupted.
        if !self.options.only_existing {
            for container in one_off.into_iter().filter(|found| found.is_hook() && !found.is_up()) {
                self.goes(container, Cause::InterruptedUpdate, false);
                decision.excess.push(container);
            }
        }
        let mut numbers = BTreeSet::new();
        let mut kept: Vec<Kept<'a>> = Vec::new();
        for (container, reason) in here {
            let cause = if !numbers.insert(container.number) {
                Cause::InterruptedUpdate
            } else if kept.len() as u64 >= u64::from(wanted) {
                Cause::ScaledDown { to: wanted }
            } else {
                if let Some(cause) = &reason {
                    self.goes(container, cause.clone(), true);
                }
                kept.push((container, reason));
                continue;
            };
            self.goes(container, cause, false);
            decision.excess.push(container);
        }
        let missing = match self.options.only_existing {
            true => 0,
            false => wanted.saturating_sub(kept.len() as u32) as usize,
        };
        let free = (1..).filter(|number| !kept.iter().any(|(kept, _)| kept.number == *number)).take(missing);
        decision.replicas = free.map(|number| (number, None)).collect();
        decision.replicas.extend(kept.into_iter().map(|kept| (kept.0.number, Some(kept))));
        decision.replicas.sort_by_key(|(number, _)| *number);
        self.decisions.insert(name.to_owned(), decision);
    }

    /// A volume of the service that is replaced.
    pub(super) fn replaced_volume(&self, service: &Service) -> Option<String> {
        let volumes = service.volumes.iter().filter_map(|mount| self.project.volumes.get(mount.source.as_ref()?));
        let changed =
            |name: &String| self.observed.volumes.iter().any(|seen| seen.name == *name && seen.changed.is_some());
        let mut names = volumes.filter(|volume| !volume.external).map(|volume| &volume.name);
        names.find(|name| self.options.recreate_volumes.contains(*name) && changed(name)).cloned()
    }

    /// No container may have a volume that is removed, so all of the service's go before new ones are created.
    fn make_room(&mut self, name: &str, here: Vec<Kept<'a>>, wanted: u32, volume: String) {
        let mut decision = Decision::default();
        for (container, _) in here {
            self.goes(container, Cause::VolumeReplaced { volume: volume.clone() }, false);
            decision.excess.push(container);
        }
        decision.replicas = (1..=wanted).map(|number| (number, None)).collect();
        self.decisions.insert(name.to_owned(), decision);
    }

    /// Decides that a container will be gone.
    pub(super) fn goes(&mut self, container: &'a Container, cause: Cause, replaced: bool) {
        self.going.insert(&container.id, Going { container, cause, replaced });
    }

    /// Somebody may have scaled the service by the command line, and not remember it.
    pub(super) fn warn_of_scaling_down(&mut self, name: &str, service: &Service) {
        let Some(decision) = self.decisions.get(name).filter(|_| !self.options.scale.contains_key(name)) else {
            return;
        };
        let goes = decision.excess.iter().filter_map(|container| self.going.get(container.id.as_str()));
        let excess = goes.filter(|going| matches!(going.cause, Cause::ScaledDown { .. })).count();
        if excess > 0 {
            let (now, will) = (decision.replicas.len() + excess, decision.replicas.len());
            let key = if service.scale.is_some() { "scale" } else { "deploy.replicas" };
            let place = self.project.places.get(&format!("services.{name}.{key}"));
            let message = format!("{name}: {now} -> {will}, the file says {will}; --scale {name}={now} keeps them");
            self.plan.warn(message, place);
        }
    }

    fn wanted(&self, name: &str, service: &Service) -> u32 {
        match service.provider {
            Some(_) => 0,
            None => self.options.scale.get(name).copied().unwrap_or_else(|| service.replicas()),
        }
    }
}
