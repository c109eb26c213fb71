//! Records what a run creates, so that a failed run leaves nothing unused behind.

use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptions};
use wharf_docker::Engine;

use crate::plan::{ContainerAct, ContainerStep, NetworkAct, NetworkStep, Step, VolumeAct, VolumeStep};

/// What has been created and not used yet, in order.
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
                // It runs now, or has replaced a container that is gone, so it is kept.
                ContainerAct::Start => self.keep(name),
                ContainerAct::Rename { from } => self.keep(from),
                _ => {}
            },
            _ => {}
        }
    }

    fn not_done(&mut self, step: &Step) {
        // What a `pre_start` container left is kept for inspection.
        if let Step::Container(ContainerStep { name, act: ContainerAct::RunInitContainer { .. } }) = step {
            self.keep(name);
        }
    }
}

impl Journal {
    fn keep(&mut self, container: &str) {
        self.containers.retain(|made| made != container);
    }

    /// Removes what was created. The engine itself refuses to remove networks and volumes that are in use. Only the
    /// failure that led here is reported.
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
