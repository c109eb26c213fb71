//! Why a client cannot be made.

use std::path::PathBuf;

/// A client that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A file cannot be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(String),
    /// A header cannot be sent.
    #[error("`{0}` cannot be sent as a header")]
    Header(String),
    /// A secret has a character that a header cannot have.
    #[error("{0}")]
    Unsendable(String),
    /// The proxy cannot be used.
    #[error("proxy: {0}")]
    Proxy(String),
}
