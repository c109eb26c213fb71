//! Containers that belong to no service of the file.

use super::planner::Planner;
use crate::observe::{Container, State};
use crate::plan::Cause;

impl<'a> Planner<'a> {
    /// Decides that the orphans are removed, if the caller asks for it.
    pub(super) fn decide_orphans(&mut self) {
        if self.options.remove_orphans {
            for orphan in self.orphans() {
                self.goes(orphan, Cause::Orphan, false);
            }
        }
    }

    /// Plans the removal of the orphans, or warns about them.
    pub(super) fn remove_orphans(&mut self) {
        let orphans = self.orphans();
        if orphans.is_empty() || (self.options.ignore_orphans && !self.options.remove_orphans) {
            return;
        }
        if self.options.remove_orphans {
            for container in orphans {
                self.remove(container);
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

    fn orphans(&self) -> Vec<&'a Container> {
        let project = self.project;
        let known = |name: &String| project.services.contains_key(name) || project.disabled_services.contains_key(name);
        // What is left of a hook goes with its service.
        let of_hook = |found: &Container| found.is_hook() && self.decisions.contains_key(&found.service);
        // A container of `run` is an orphan once it has ended.
        let orphaned = |found: &&Container| match found.one_off {
            true => matches!(found.state, State::Exited | State::Dead) && !of_hook(found),
            false => !known(&found.service),
        };
        let observed = self.observed;
        observed.containers.iter().filter(orphaned).collect()
    }
}
