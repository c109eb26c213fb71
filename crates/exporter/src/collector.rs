//! What a collector brings home.

use crate::exposition::Family;

/// One look at what a collector looks at.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) families: Vec<Family>,
    /// What could not be told, a sentence each; the rest is told all the same.
    pub(crate) errors: Vec<String>,
    /// Containers that are read from files, and from streams.
    pub(crate) containers: Option<(usize, usize)>,
}
