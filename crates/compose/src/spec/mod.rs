//! The Compose specification as tables: every key, what it may hold, its short form, how it merges.
//!
//! Source: <https://github.com/compose-spec/compose-spec>, with the JSON schema of the reference implementation where
//! the text leaves a type open.

mod deploy;
pub(crate) mod file;
mod parts;
mod resources;
pub(crate) mod schema;
mod service;
pub(crate) mod short;
pub(crate) mod unique;
