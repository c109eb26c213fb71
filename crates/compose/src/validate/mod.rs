//! Checks what the files say: each against the specification, and the project as a whole.

pub(crate) mod advice;
pub(crate) mod check;
pub(crate) mod document;
pub(crate) mod lint;
pub(crate) mod required;
pub(crate) mod suggest;
