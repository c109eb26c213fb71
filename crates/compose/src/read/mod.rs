//! Reads text into trees of nodes.

pub(crate) mod dialect;
pub(crate) mod input;
pub(crate) mod reader;
pub(crate) mod scalar;
pub(crate) mod syntax;
