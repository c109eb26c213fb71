//! Why an operation on a project failed, as data. The caller words what is around it.

use wharf_compose::{Place, UnknownService};
use wharf_plan::{Problem, StepFailure};

/// Why an operation on a project failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project asks for something impossible. Nothing was changed.
    #[error("{}", list(.0.iter().map(|problem| problem.message.as_str())))]
    Refused(Vec<Problem>),
    /// Steps of a plan failed. Steps that depend on them did not begin. What this run created and did not use was
    /// removed.
    #[error("{}", list(.0.iter().map(|failure| failure.message.as_str())))]
    Failed(Vec<StepFailure>),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The caller asked to give way, and only waits were left: see [`ApplyOptions::give_way`](crate::apply::ApplyOptions).
    #[error("another command took over while this one waited for containers")]
    TakenOver,
    /// The engine cannot be reached.
    #[error(transparent)]
    Engine(#[from] wharf_docker::Error),
}

impl Error {
    pub(crate) fn refused(message: impl Into<String>, place: Option<Place>, help: impl Into<Option<String>>) -> Self {
        Error::Refused(vec![Problem { message: message.into(), place, help: help.into() }])
    }
}

impl From<UnknownService> for Error {
    fn from(unknown: UnknownService) -> Self {
        Error::refused(unknown.message(), None, unknown.help())
    }
}

fn list<'a>(messages: impl Iterator<Item = &'a str>) -> String {
    messages.collect::<Vec<_>>().join("; ")
}
