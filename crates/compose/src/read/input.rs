//! A file and what it holds.

use std::path::PathBuf;

use wharf_yaml::Node;

/// A file of the project, read.
pub(crate) struct Input {
    pub(crate) file: PathBuf,
    pub(crate) documents: Vec<Node>,
}
