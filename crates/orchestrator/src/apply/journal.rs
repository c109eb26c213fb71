//! What a run made, so that a failed one leaves nothing behind that nothing uses.

use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptions};
use wharf_docker::Engine;

use crate::plan::{ContainerAct, ContainerStep, NetworkAct, NetworkStep, Step, VolumeAct, VolumeStep};

/// What was made and not used yet, in order.
#[derive(Debug, Default)]
pub(super) struct Journal {
    containers: Vec<String>,
    networks: Vec<String>,
    volumes: Vec<String>,
}

impl wharf_plan::Journal<Step> for Journal {
    fn done(&mut self, step: &Step) {
        match step {
            Step::Network(NetworkStep { name, act: NetworkAct::Create { .. } }) => self.networks.push(name.clone()),
            Step::Volume(VolumeStep { name, act: VolumeAct::Create { .. } }) => self.volumes.push(name.clone()),
            Step::Container(ContainerStep { name, act }) => match act {
                ContainerAct::Create { .. } => self.containers.push(name.clone()),
                // It runs now, or has taken the place of another that is gone: it stays.
                ContainerAct::Start => self.keep(name),
                ContainerAct::Rename { from } => self.keep(from),
                _ => {}
            },
            _ => {}
        }
    }

    fn not_done(&mut self, step: &Step) {
        // What a `pre_start` container left has to be there to be looked at.
        if let Step::Container(ContainerStep { name, act: ContainerAct::RunInitContainer { .. } }) = step {
            self.keep(name);
        }
    }
}

impl Journal {
    fn keep(&mut self, container: &str) {
        self.containers.retain(|made| made != container);
    }

    /// Removes what was made. The engine itself refuses to remove networks and volumes that something uses. Nothing more is
    /// reported than the failure that led here.
    pub(super) async fn undo(self, engine: &Engine) {
        let docker = engine.docker();
        for name in self.containers.iter().rev() {
            let options = RemoveContainerOptionsBuilder::default().v(true).build();
            if let Err(error) = docker.remove_container(name, Some(options)).await {
                tracing::debug!(%error, container = name, "left behind");
            }
        }
        for name in self.networks.iter().rev() {
            if let Err(error) = docker.remove_network(name).await {
                tracing::debug!(%error, network = name, "still in use");
            }
        }
        for name in self.volumes.iter().rev() {
            if let Err(error) = docker.remove_volume(name, None::<RemoveVolumeOptions>).await {
                tracing::debug!(%error, volume = name, "still in use");
            }
        }
    }
}
