//! What a load is given: nothing else is read from the process.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where to look for the Compose files, and with what values.
///
/// The process's environment and directory are arguments here; [`Project::load`](crate::Project::load) reads
/// neither behind the caller's back.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The Compose files (`-f`), merged in this order; `-` is [`Options::stdin`]. Empty: `COMPOSE_FILE`, else found upward
    /// from [`Options::working_dir`].
    pub files: Vec<PathBuf>,
    /// The text of the file `-`.
    pub stdin: Option<String>,
    /// The directory the caller works in (absolute).
    pub working_dir: PathBuf,
    /// Base of relative paths (`--project-directory`); `None`: the directory of the first file.
    pub project_directory: Option<PathBuf>,
    /// The project's name (`-p`); `None`: `COMPOSE_PROJECT_NAME`, the file's `name`, the directory's name.
    pub project_name: Option<String>,
    /// Active profiles (`--profile`) besides those in `COMPOSE_PROFILES`; `*` is all.
    pub profiles: Vec<String>,
    /// Files with values for interpolation (`--env-file`); empty: `COMPOSE_ENV_FILES`, else `.env` in the project directory.
    pub env_files: Vec<PathBuf>,
    /// The environment: values for interpolation, before those of the env files, and the `COMPOSE_*` variables.
    pub environment: BTreeMap<String, String>,
    /// Services named on the command line; their profiles count as active.
    pub services: Vec<String>,
}
