//! Finds the files of a project, its directory, its name and its environment.

pub(crate) mod dotenv;
pub(crate) mod files;
pub(crate) mod locate;
pub(crate) mod name;
pub(crate) mod remote;
pub(crate) mod service_files;
