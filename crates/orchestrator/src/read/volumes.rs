//! A project's volumes.

use wharf_docker::volumes::{VolumeDetails, list_volumes};
use wharf_docker::{Engine, labels};

use crate::error::Error;
use crate::observe::list_containers;

/// Lists the volumes with the project's label, by name: all, or those that containers of `services` use.
///
/// # Errors
/// If a request to the engine fails.
pub async fn volumes(engine: &Engine, project: &str, services: &[String]) -> Result<Vec<VolumeDetails>, Error> {
    let mut volumes = list_volumes(engine, Some(&labels::selector(labels::PROJECT, project))).await?;
    if !services.is_empty() {
        let containers = list_containers(engine, Some(project), true).await?;
        let used = |name: &String| {
            containers.iter().any(|found| services.contains(&found.service) && found.mounts.contains(name))
        };
        volumes.retain(|volume| used(&volume.name));
    }
    Ok(volumes)
}
