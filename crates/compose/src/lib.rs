//! Reads Compose files: many files in, one checked Project out.

pub mod diagnostic;
mod load;
pub mod model;
pub mod options;
pub mod place;

pub use diagnostic::{Diagnostic, LoadError};
pub use load::Loaded;
pub use model::Project;
pub use options::Options;
pub use place::Place;
