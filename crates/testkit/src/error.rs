//! Errors of test servers.

use std::{fmt, time::Duration};

use testcontainers::core::error::ClientError;

/// Why a container could not be started, reached or changed. The message is for whoever runs the tests.
///
/// Its `Debug` is its `Display`: tests `unwrap`, and that is what they show.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No engine answers where `DOCKER_HOST` or the default socket points.
    #[error("no Docker Engine to run the test's containers: {0}")]
    NoEngine(#[source] ClientError),
    /// The image is neither in the engine nor in a registry that can be reached.
    #[error("image {image} is not there; run `cargo xtask images`, or name another one in {variable}")]
    NoImage {
        /// The image that was asked for.
        image: String,
        /// The environment variable that overrides the image.
        variable: &'static str,
    },
    /// The engine refused a request.
    #[error("the engine could not {action} {container}: {source}")]
    Engine {
        /// The request, as a verb.
        action: &'static str,
        /// The container's name.
        container: String,
        /// The engine's answer.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server ended before it was ready.
    #[error("{container} ended before it was ready; its last lines:\n{last}")]
    Ended {
        /// The container's name.
        container: String,
        /// The end of its log.
        last: String,
    },
    /// The server was not ready in time.
    #[error("{container} was not ready after {deadline:?}; its last lines:\n{last}")]
    NotReady {
        /// The container's name.
        container: String,
        /// How long the wait took.
        deadline: Duration,
        /// The end of its log.
        last: String,
    },
    /// The process could not be killed.
    #[error("process {pid} could not be killed: {reason}")]
    Kill {
        /// The process id on the host.
        pid: i64,
        /// The message of `kill`.
        reason: String,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
