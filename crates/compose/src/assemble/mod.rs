//! Makes one tree out of all files.

pub(crate) mod assembler;
pub(crate) mod extend;
pub(crate) mod merge;
pub(crate) mod normalise;
pub(crate) mod paths;
