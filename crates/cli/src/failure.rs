//! Why a verb failed.

use wharf_compose::LoadError;

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The Compose files are not right.
    #[error(transparent)]
    Compose(#[from] LoadError),
    /// The project could not be brought to where it should be.
    #[error(transparent)]
    Orchestrator(#[from] wharf_orchestrator::Error),
    /// The engine cannot be used.
    #[error(transparent)]
    Docker(#[from] wharf_docker::Error),
    /// The agent's configuration is not right.
    #[error("{} is not right", file.display())]
    Agent {
        /// The file.
        file: std::path::PathBuf,
        /// What stands in it.
        text: String,
        /// Everything that is wrong with it.
        errors: Vec<wharf_agent::ConfigError>,
    },
    /// Anything else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}
