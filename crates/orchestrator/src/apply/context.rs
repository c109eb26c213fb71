//! What the steps of a plan need when they run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wharf_compose::Project;
use wharf_docker::{Engine, Logins};
use wharf_plan::{StepError, StepFailure};

use super::BuildSettings;
use super::notes::Notes;
use super::watch::Watch;
use super::working::Working;
use crate::build::Builder;
use crate::event::Outcome;
use crate::plan::Step;
use crate::sealed::Sealer;

/// A step that is being done.
pub(super) type Task<'a> = wharf_plan::Task<'a, Step>;

/// What became of a step.
pub(super) type StepResult = Result<Outcome, StepError>;

/// An answer of the engine.
pub(super) type EngineResult<T> = Result<T, bollard::errors::Error>;

pub(super) struct Context<'a> {
    pub(super) project: &'a Project,
    pub(super) engine: &'a Engine,
    /// The logins to registries.
    pub(super) logins: Arc<Logins>,
    /// The containers of the project, if a step waits for one.
    pub(super) watch: Option<Watch>,
    pub(super) wait_timeout: Option<Duration>,
    /// What builds the images; `None`: nothing is built.
    pub(super) builder: Option<Builder>,
    pub(super) builds: &'a BuildSettings,
    /// One permit for each step that sends requests.
    pub(super) connections: Semaphore,
    /// Variables that hooks get besides their own.
    pub(super) hook_environment: &'a [String],
    /// The environment of the programs that provide services.
    pub(super) provider_environment: &'a BTreeMap<String, String>,
    pub(super) working: Working,
    pub(super) notes: &'a Notes,
    pub(super) sealer: &'a Sealer,
}

/// A failure of `step` that has no details besides the message.
pub(super) fn failure(step: &Step, message: String) -> StepFailure {
    StepFailure { step: step.to_string(), message, place: None, help: None, details: Vec::new() }
}
