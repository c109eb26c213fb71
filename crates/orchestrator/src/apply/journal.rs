//! What a run made, so that a failed one leaves nothing behind that nobody uses.

use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptions};
use wharf_docker::Engine;

use crate::plan::Step;

/// What was made and not used yet, in order.
#[derive(Debug, Default)]
pub(super) struct Journal {
    containers: Vec<String>,
    networks: Vec<String>,
    volumes: Vec<String>,
}

impl Journal {
    /// Takes note of a step that was done.
    pub(super) fn record(&mut self, step: &Step) {
        match step {
            Step::CreateContainer { name, .. } => self.containers.push(name.clone()),
            // It runs now, or has taken the place of another that is gone: it stays.
            Step::StartContainer { name } | Step::RenameContainer { from: name, .. } => {
                self.containers.retain(|made| made != name);
            }
            Step::CreateNetwork { name, .. } => self.networks.push(name.clone()),
            Step::CreateVolume { name, .. } => self.volumes.push(name.clone()),
            _ => {}
        }
    }

    /// Takes note of a step that failed. What a `pre_start` container left has to be there to be looked at.
    pub(super) fn retain(&mut self, step: &Step) {
        if let Step::RunInitContainer { name, .. } = step {
            self.containers.retain(|made| made != name);
        }
    }

    /// Removes it again. The engine itself refuses to remove networks and volumes that somebody uses; nothing more is
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
