//! Why a project could not be brought to where it should be, as data: whoever shows it finds the words around it.

use wharf_compose::Place;
use wharf_plan::{Problem, StepFailure};

/// Why a project could not be brought to where it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project asks for what cannot be; nothing was touched.
    #[error("{}", list(.0.iter().map(|problem| problem.message.as_str())))]
    Refused(Vec<Problem>),
    /// Steps of a plan failed. What depended on them was not begun; what this run had made and never used is gone again.
    #[error("{}", list(.0.iter().map(|failure| failure.message.as_str())))]
    Failed(Vec<StepFailure>),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The engine cannot be talked to.
    #[error(transparent)]
    Engine(#[from] wharf_docker::Error),
}

impl Error {
    pub(crate) fn refused(message: impl Into<String>, place: Option<Place>, help: impl Into<Option<String>>) -> Self {
        Error::Refused(vec![Problem { message: message.into(), place, help: help.into() }])
    }
}

impl From<bollard::errors::Error> for Error {
    fn from(error: bollard::errors::Error) -> Self {
        Error::Engine(error.into())
    }
}

fn list<'a>(messages: impl Iterator<Item = &'a str>) -> String {
    messages.collect::<Vec<_>>().join("; ")
}
