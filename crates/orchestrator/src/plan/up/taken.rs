//! What containers of the project hold that are neither updated nor removed, and another container of it needs.

use wharf_compose::model::Service;

use super::planner::Planner;
use crate::Problem;
use crate::observe::Container;

impl Planner<'_> {
    /// The names and host ports that the service needs and cannot have.
    pub(super) fn taken(&self, name: &str, service: &Service) -> Vec<Problem> {
        let Some(decision) = self.decisions.get(name) else { return Vec::new() };
        let stays =
            |container: &&Container| container.service != name && !self.going.contains_key(container.id.as_str());
        let stays: Vec<&Container> = self.observed.containers.iter().filter(stays).collect();
        let mut problems = Vec::new();
        if let Some(volume) = self.replaced_volume(service) {
            let has = |container: &&&Container| container.volumes.iter().any(|held| held.name == volume);
            if let Some(holder) = stays.iter().find(has) {
                problems.push(self.problem(format!("service {name}: the volume {volume} is used by"), name, holder));
            }
        }
        for (number, kept) in &decision.replicas {
            let is_new = !matches!(kept, Some((_, None)));
            let proper = self.project.replica_name(name, *number);
            if let Some(holder) = stays.iter().find(|container| is_new && container.name == proper) {
                problems.push(self.problem(format!("service {name}: the name {proper} is taken by"), name, holder));
            }
        }
        let starts = decision.replicas.iter().any(|(_, kept)| !matches!(kept, Some((found, None)) if found.is_up()));
        if starts && !self.options.no_start {
            for holder in stays.iter().filter(|container| container.is_up()) {
                if let Some(port) = self.held_port(holder, service) {
                    problems.push(self.problem(format!("service {name}: host port {port} is taken by"), name, holder));
                }
            }
        }
        problems
    }

    fn problem(&self, what: String, name: &str, holder: &Container) -> Problem {
        let Container { name: container, service, .. } = holder;
        let is_known =
            self.project.services.contains_key(service) || self.project.disabled_services.contains_key(service);
        let (who, help) = match is_known {
            true => (
                "of this project, which this command does not update",
                format!("name service {service}, too, or stop it"),
            ),
            false => ("of this project, an orphan", "--remove-orphans removes it".to_owned()),
        };
        Problem {
            message: format!("{what} container {container} {who}"),
            place: self.project.places.get(&format!("services.{name}")).cloned(),
            help: Some(help),
        }
    }
}
