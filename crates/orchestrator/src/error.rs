//! What stops a project, as data: the command line draws it.

use wharf_compose::Place;

/// Something in the project that cannot be done, found before anything was touched.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where it was written.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFailure {
    /// What was being done: `start container shop-web-1`.
    pub step: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Texts that explain it: a probe's output, the last log lines.
    pub details: Vec<Detail>,
}

/// A text that explains a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What the text is.
    pub title: String,
    /// The text, one or more lines.
    pub text: String,
}

/// Why a project could not be brought to where it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project asks for what cannot be; nothing was touched.
    #[error("{}", list(.0.iter().map(|problem| problem.message.as_str())))]
    Refused(Vec<Problem>),
    /// Steps of a plan failed. What depended on them was not begun; what this run had made and never used is gone again.
    #[error("{}", list(.0.iter().map(|failure| failure.message.as_str())))]
    Failed(Vec<StepFailure>),
    /// Somebody asked to stop.
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
