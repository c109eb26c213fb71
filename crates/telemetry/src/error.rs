//! Why logging could not be set up.

use std::io;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not the name of a [`Format`](crate::Format).
    #[error("a log format is `json` or `human`")]
    UnknownFormat,
    /// A filter variable holds something that is not a filter.
    #[error("{variable}: not a log filter, write for example `info` or `info,sqlx=debug`")]
    Filter {
        /// The variable, one of [`FILTER_VARIABLES`](crate::FILTER_VARIABLES).
        variable: &'static str,
        /// What the filter's parser says.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// The environment's settings for exporting spans are invalid.
    #[error("{variable}: {why}")]
    Traces {
        /// The variable that names the collector.
        variable: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The thread that writes lines cannot be started.
    #[error("cannot start the thread that writes the log: {0}")]
    Thread(#[source] io::Error),
    /// The process already has a subscriber.
    #[error("logging was set up before")]
    AlreadyInitialised(#[source] tracing::subscriber::SetGlobalDefaultError),
}
