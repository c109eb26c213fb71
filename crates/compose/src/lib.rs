//! Reads Compose files: many files in, one checked Project out.

pub mod model;
pub mod place;

pub use model::Project;
