//! What is wrong, and where.

pub(crate) mod diagnostic;
pub(crate) mod findings;
pub(crate) mod place;
