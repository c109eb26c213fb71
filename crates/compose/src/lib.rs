//! Reads Compose files: many files in, one checked Project out.

mod assemble;
mod conform;
mod consistency;
pub mod diagnostic;
mod dotenv;
mod extend;
mod find;
mod interpolate;
mod load;
mod merge;
pub mod model;
mod mounts;
mod name;
mod node;
mod normalise;
pub mod options;
mod paths;
pub mod place;
mod ports;
mod read;
mod render;
mod report;
mod scalar;
mod service_files;
mod shape;
mod short;
mod spec;
mod template;
mod value;

pub use diagnostic::{Diagnostic, LoadError};
pub use load::Loaded;
pub use model::Project;
pub use options::Options;
pub use place::Place;
