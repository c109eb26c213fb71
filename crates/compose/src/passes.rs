//! Which passes are taken from the files to the canonical form.

/// The passes between the files and the canonical form; all of them by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// Put values in the place of variables (`--no-interpolate` leaves it out).
    pub interpolate: bool,
    /// Add what the specification implies: default network, dependencies, names (`--no-normalize`).
    pub normalise: bool,
    /// Make paths absolute (`--no-path-resolution`).
    pub resolve_paths: bool,
    /// Check that the parts fit together (`--no-consistency`).
    pub check_consistency: bool,
    /// Read `env_file`s into `environment` (`--no-env-resolution`).
    pub read_env_files: bool,
    /// Read `label_file`s into `labels`.
    pub read_label_files: bool,
    /// Keep networks, volumes, secrets, configs and models that no service uses (`--all-resources`). Counts for
    /// [`Config`](crate::Config) alone: a [`Project`](crate::Project) has them always.
    pub keep_unused: bool,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            interpolate: true,
            normalise: true,
            resolve_paths: true,
            check_consistency: true,
            read_env_files: true,
            read_label_files: true,
            keep_unused: false,
        }
    }
}
