//! What an image is built from: a directory, less what `.dockerignore` excludes.

mod context;
mod ignore;

pub(crate) use context::{BuildContext, Dockerfile};
