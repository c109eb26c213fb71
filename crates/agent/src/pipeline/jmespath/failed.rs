//! The failure of an expression.

/// A function refused its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Failed;
