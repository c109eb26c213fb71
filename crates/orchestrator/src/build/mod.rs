//! What an image is built from, and by which builder.

mod builder;
mod context;
mod sources;

pub(crate) use builder::{BuildKit, Builder};
pub(crate) use context::BuildContext;
#[cfg(test)]
pub(crate) use sources::Dockerfile;
pub(crate) use sources::{Sources, USUAL, is_directory};
