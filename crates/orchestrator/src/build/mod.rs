//! What an image is built from, and by which builder.

mod builder;
mod context;
mod sources;

pub(crate) use builder::{BuildKit, Builder};
pub(crate) use context::BuildContext;
pub(crate) use sources::{Dockerfile, Sources, USUAL, is_directory};
