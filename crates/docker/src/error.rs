//! What can go wrong between us and the engine.

use std::path::PathBuf;

use crate::answer;
use crate::error_kind::ErrorKind;
use crate::start_error::StartError;

/// The innermost cause of an error: the operating system's own words, not "client error (Connect)", and no address, which may
/// hold a password.
pub fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The engine cannot be found, reached or understood, or it refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine answers at the endpoint.
    #[error("cannot reach the Docker Engine at {host}: {reason}")]
    Unreachable {
        /// The endpoint, as `DOCKER_HOST` would say it.
        host: String,
        /// Why, in the operating system's words.
        reason: String,
        /// What to do.
        help: String,
    },
    /// The endpoint has a form that is not known.
    #[error("{value:?} is not an address of a Docker Engine ({origin})")]
    BadHost {
        /// The value as it was given.
        value: String,
        /// Where it came from: `DOCKER_HOST`, `--host`, a context.
        origin: String,
    },
    /// The chosen context does not exist or cannot be read.
    #[error("Docker context {name:?} ({origin}): {reason}")]
    BadContext {
        /// The context's name.
        name: String,
        /// Who chose it.
        origin: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// A configuration file of the docker command is not readable.
    #[error("{}: {reason}", path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine is too old.
    #[error("the Docker Engine at {host} speaks API {found}; wharf needs {needed} or later")]
    TooOld {
        /// The endpoint.
        host: String,
        /// The engine's API version.
        found: String,
        /// The oldest that will do.
        needed: String,
    },
    /// The engine's answer lacks what it must have.
    #[error("{reason}")]
    Incomplete {
        /// What is missing.
        reason: &'static str,
    },
    /// The engine answered with an error, or its answer was lost.
    #[error("{}", answer::message(.0))]
    Engine(#[from] bollard::errors::Error),
    /// The same, with the request to the engine.
    #[error("cannot {action}: {}", source.engine_message())]
    During {
        /// The request, as a verb: `list the containers`.
        action: &'static str,
        /// What went wrong.
        source: Box<Error>,
    },
}

impl From<hyper::Error> for Error {
    fn from(err: hyper::Error) -> Self {
        bollard::errors::Error::HyperResponseError { err }.into()
    }
}

impl Error {
    /// What a person can do about it, if we know.
    pub fn help(&self) -> Option<&str> {
        match self {
            Error::Unreachable { help, .. } => Some(help),
            Error::BadHost { .. } => {
                Some("use unix:///path, tcp://host:port, http://host:port, https://host:port or ssh://user@host")
            }
            Error::BadContext { .. } => {
                Some("`docker context ls` lists the contexts; DOCKER_HOST or --host name an engine without one")
            }
            Error::TooOld { .. } => Some("upgrade the Docker Engine to 20.10 or later"),
            Error::During { source, .. } => source.help(),
            Error::Engine(error) => answer::help(error),
            Error::BadConfig { .. } | Error::Incomplete { .. } => None,
        }
    }

    /// The same error, with the request to the engine: `list the containers`.
    #[must_use]
    pub fn during(self, action: &'static str) -> Error {
        Error::During { action, source: Box::new(self) }
    }

    /// An error of the client, with the request to the engine.
    pub(crate) fn at(action: &'static str) -> impl Fn(bollard::errors::Error) -> Error + Copy {
        move |error| Error::from(error).during(action)
    }

    /// What the error means.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Unreachable { .. } => ErrorKind::Unreachable,
            Error::Engine(error) => ErrorKind::of(error),
            Error::During { source, .. } => source.kind(),
            Error::BadHost { .. }
            | Error::BadContext { .. }
            | Error::BadConfig { .. }
            | Error::TooOld { .. }
            | Error::Incomplete { .. } => ErrorKind::Other,
        }
    }

    /// Why a process could not be started in a container, if that is what the engine says.
    pub fn start_error(&self) -> Option<StartError> {
        match self {
            Error::Engine(bollard::errors::Error::DockerResponseServerError { message, .. }) => StartError::of(message),
            Error::During { source, .. } => source.start_error(),
            _ => None,
        }
    }

    /// The HTTP status the engine answered with, if it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Engine(bollard::errors::Error::DockerResponseServerError { status_code, .. }) => Some(*status_code),
            Error::During { source, .. } => source.status(),
            _ => None,
        }
    }

    /// What the engine said, without our words around it.
    pub fn engine_message(&self) -> String {
        match self {
            Error::During { source, .. } => source.engine_message(),
            other => other.to_string(),
        }
    }
}
