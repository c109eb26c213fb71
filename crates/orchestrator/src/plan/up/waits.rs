//! Plans waits, before a service's containers start and at the end of `up --wait`.

use std::collections::BTreeSet;

use wharf_compose::model::{Condition, Service};

use super::planner::Planner;
use crate::event::Until;
use crate::own_keys;
use crate::plan::order::{dependencies, in_order};
use crate::plan::{Cause, ContainerAct, ContainerStep, Step};

impl Planner<'_> {
    /// What has to be done before a container of the service is started.
    pub(super) fn starts_after(&mut self, name: &str, service: &Service) -> Vec<usize> {
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
    pub(super) fn wait_for(&mut self, service: &str, until: Until, needed_by: Option<(&str, &Service)>) -> Vec<usize> {
        let Some(outcome) = self.services.get(service) else { return Vec::new() };
        let cause = match needed_by {
            None => Cause::Asked,
            Some((name, _)) => Cause::NeededBy { service: name.to_owned() },
        };
        let required = needed_by
            .and_then(|(_, dependent)| dependent.depends_on.get(service))
            .is_none_or(|dependency| dependency.required);
        let probes = own_keys::probes(self.project, self.project.services.get(service));
        let mut steps = Vec::new();
        for replica in &outcome.replicas {
            // A container without a health check may have been started a moment ago.
            let waits = until != Until::Healthy || !replica.healthy;
            if !waits {
                continue;
            }
            // A wait for health includes one for running, so each container is waited for once.
            let key = |until| (replica.name.clone(), until);
            if until == Until::RunningOrHealthy && self.awaits.contains_key(&key(Until::Healthy)) {
                continue;
            }
            let number = match self.awaits.get(&key(until)) {
                Some(number) => {
                    // One service that requires it is enough.
                    if let Some(Step::Container(ContainerStep { act: ContainerAct::Await { optional, .. }, .. })) =
                        self.plan.step_mut(*number)
                    {
                        *optional &= !required;
                    }
                    *number
                }
                None => {
                    let wait = ContainerAct::Await { until, optional: !required, probes };
                    let number = self.plan.add(Step::container(&replica.name, wait), cause.clone(), replica.ready);
                    self.awaits.insert(key(until), number);
                    number
                }
            };
            steps.push(number);
        }
        steps
    }

    pub(super) fn wait_for_all(&mut self, chosen: &BTreeSet<String>) {
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
                self.wait_for(name, Until::RunningOrHealthy, None);
            }
        }
    }
}
