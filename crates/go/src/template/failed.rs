//! The failure of a function.

/// A function or a method could not give a value: its arguments do not fit, or what it was asked for does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the function failed")]
pub struct Failed;
