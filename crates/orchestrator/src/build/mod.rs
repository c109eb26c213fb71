//! The files that an image is built from: a directory, except what `.dockerignore` excludes.

mod context;
mod ignore;

pub(crate) use context::{BuildContext, Dockerfile};
