//! The processes in a container.

use bollard::query_parameters::TopOptions;

use crate::engine::Engine;
use crate::error::Error;

/// A list of processes, as `ps` on the engine's machine prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessList {
    /// The heads of the columns: `UID`, `PID`, ...
    pub titles: Vec<String>,
    /// The cells of each process.
    pub rows: Vec<Vec<String>>,
}

/// Lists the processes in a running container (Engine API `GET /containers/{id}/top`).
///
/// # Errors
/// If the request fails, for example because the container does not run or is gone.
pub async fn list_processes(engine: &Engine, container: &str) -> Result<ProcessList, Error> {
    let answer =
        engine.docker().top_processes(container, None::<TopOptions>).await.map_err(Error::at("list the processes"))?;
    Ok(ProcessList { titles: answer.titles.unwrap_or_default(), rows: answer.processes.unwrap_or_default() })
}
