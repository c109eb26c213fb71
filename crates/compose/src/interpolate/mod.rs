//! Puts the values of variables into the text of a file.

pub(crate) mod template;
pub(crate) mod tree;
