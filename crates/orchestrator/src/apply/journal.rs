//! Records which containers a run has created to replace others and has not put in their places, so that a failed run
//! leaves none of them behind.

use bollard::query_parameters::RemoveContainerOptionsBuilder;
use wharf_compose::Project;
use wharf_docker::{Engine, unless_gone};

use crate::plan::{ContainerAct, ContainerStep, Step};
use crate::temporary_name::predecessor;

/// The containers that are to replace others and have not yet, in order.
pub(super) struct Journal<'a> {
    project: &'a Project,
    successors: Vec<Successor>,
}

struct Successor {
    name: String,
    /// The first digits of the identifier of the container that it is to replace.
    replaces: String,
}

impl wharf_plan::Journal<Step> for Journal<'_> {
    fn done(&mut self, step: &Step) {
        let Step::Container(ContainerStep { name, act }) = step else { return };
        match act {
            ContainerAct::Create { service, number, .. } => {
                let proper = self.project.replica_name(&service.name, *number);
                let replaces = predecessor(name, &proper).map(str::to_owned);
                self.successors.extend(replaces.map(|replaces| Successor { name: name.clone(), replaces }));
            }
            ContainerAct::Rename { from } => self.successors.retain(|successor| successor.name != *from),
            _ => {}
        }
    }

    fn not_done(&mut self, _: &Step) {}
}

impl<'a> Journal<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        Journal { project, successors: Vec::new() }
    }

    /// Removes the containers whose predecessors are still there. One whose predecessor is gone has its data, and the next
    /// run goes on with it. What the file names stays: networks, volumes, and containers under their proper names, which
    /// the next run starts. Only the failure that led here is reported.
    pub(super) async fn undo(self, engine: &Engine) {
        let docker = engine.docker();
        for Successor { name, replaces } in self.successors.iter().rev() {
            match unless_gone(docker.inspect_container(replaces, None).await) {
                Ok(Some(_)) => {}
                Ok(None) => continue,
                Err(error) => {
                    tracing::debug!(%error, container = name, "left behind");
                    continue;
                }
            }
            let options = RemoveContainerOptionsBuilder::default().v(true).build();
            if let Err(error) = docker.remove_container(name, Some(options)).await {
                tracing::debug!(%error, container = name, "left behind");
            }
        }
    }
}
