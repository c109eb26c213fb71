//! Why a verb failed.

use wharf_compose::LoadError;

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The Compose files have errors.
    #[error(transparent)]
    Compose(#[from] LoadError),
    /// The project could not be brought to the wanted state.
    #[error(transparent)]
    Orchestrator(#[from] wharf_orchestrator::Error),
    /// Another command took over while this one only waited for containers.
    #[error("{by} took over while this command waited for containers")]
    TakenOver {
        /// That command.
        by: String,
    },
    /// The engine cannot be reached or has refused a request.
    #[error(transparent)]
    Docker(#[from] wharf_docker::Error),
    /// The agent's configuration has errors.
    #[error("{} has errors", file.display())]
    Agent {
        /// The file.
        file: std::path::PathBuf,
        /// Its text.
        text: String,
        /// All errors in it.
        errors: Vec<wharf_agent::ConfigError>,
    },
    /// Anything else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}
