//! The processes in containers.

use wharf_docker::processes::{ProcessList, list_processes};
use wharf_docker::{Engine, ErrorKind};

use crate::error::Error;
use crate::observe::Container;

/// Lists the processes of each running container. A container that has stopped since it was listed is left out.
///
/// # Errors
/// If a request to the engine fails.
pub async fn processes<'c>(
    engine: &Engine,
    containers: &'c [Container],
) -> Result<Vec<(&'c Container, ProcessList)>, Error> {
    let mut found = Vec::new();
    for container in containers {
        match list_processes(engine, &container.id).await {
            Ok(processes) => found.push((container, processes)),
            Err(error) => match error.kind() {
                ErrorKind::Gone | ErrorKind::NotRunning | ErrorKind::Paused | ErrorKind::RemovalInProgress => {}
                _ => return Err(error.into()),
            },
        }
    }
    Ok(found)
}
