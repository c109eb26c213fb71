//! The failure of a function.

/// A function or a method returned no value: its arguments do not fit, or the result does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the function failed")]
pub struct Failed;
