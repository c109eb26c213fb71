//! Records which containers a run has created to replace others and has not put in their places, so that a failed run
//! leaves none of them behind.

use bollard::query_parameters::RemoveContainerOptionsBuilder;
use wharf_compose::Project;
use wharf_docker::Engine;

use crate::plan::{ContainerAct, ContainerStep, Step};
use crate::temporary_name::is_temporary;

/// The containers that have a temporary name, in order.
pub(super) struct Journal<'a> {
    project: &'a Project,
    unfinished: Vec<String>,
}

impl wharf_plan::Journal<Step> for Journal<'_> {
    fn done(&mut self, step: &Step) {
        let Step::Container(ContainerStep { name, act }) = step else { return };
        match act {
            ContainerAct::Create { service, number, .. }
                if is_temporary(name, &self.project.replica_name(&service.name, *number)) =>
            {
                self.unfinished.push(name.clone());
            }
            ContainerAct::Rename { from } => self.unfinished.retain(|unfinished| unfinished != from),
            _ => {}
        }
    }

    fn not_done(&mut self, _: &Step) {}
}

impl<'a> Journal<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        Journal { project, unfinished: Vec::new() }
    }

    /// Removes the containers that nothing was replaced by. What the file names stays: networks, volumes, and containers
    /// under their proper names, which the next run starts. Only the failure that led here is reported.
    pub(super) async fn undo(self, engine: &Engine) {
        let docker = engine.docker();
        for name in self.unfinished.iter().rev() {
            let options = RemoveContainerOptionsBuilder::default().v(true).build();
            if let Err(error) = docker.remove_container(name, Some(options)).await {
                tracing::debug!(%error, container = name, "left behind");
            }
        }
    }
}
