//! What a load is given: nothing else is read from the process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::find::remote::FetchGit;

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
    /// What fetches the Git repositories that `include` and `extends` name. `None`: they are refused.
    pub git: Option<Arc<dyn FetchGit>>,
    /// Files given as text, by absolute path. If there are any, nothing is read from the disk.
    pub texts: BTreeMap<PathBuf, String>,
}

impl Options {
    /// A project of one text, as `/project/compose.yaml` in memory; nothing is read from the disk.
    ///
    /// ```
    /// use wharf_compose::{Options, Project};
    ///
    /// let options = Options::from_text("services: { web: { image: 'nginx:${TAG:-1}' } }").with_variable("TAG", "2");
    /// let project = Project::load(&options)?.project;
    /// assert_eq!(project.services["web"].image.as_deref(), Some("nginx:2"));
    /// # Ok::<(), wharf_compose::LoadError>(())
    /// ```
    pub fn from_text(text: impl Into<String>) -> Self {
        let options = Self { working_dir: "/project".into(), ..Self::default() };
        options.with_file("compose.yaml", text)
    }

    /// The project in a directory (absolute) or above it; the environment is empty.
    ///
    /// ```
    /// use wharf_compose::{Options, Project};
    ///
    /// let here = std::env::current_dir()?;
    /// let options = Options::in_directory(here).with_environment(std::env::vars());
    /// if let Err(error) = Project::load(&options) {
    ///     assert!(error.no_file(), "{error}");
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self { working_dir: directory.into(), ..Self::default() }
    }

    /// Adds a Compose file that is merged onto those before it. A relative path starts at [`Options::working_dir`].
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let path = path.into();
        self.files.push(path.clone());
        self.with_text(path, text)
    }

    /// Adds a file that others include, extend or name. A relative path starts at [`Options::working_dir`].
    #[must_use]
    pub fn with_text(mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.texts.insert(self.working_dir.join(path.into()), text.into());
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Sets the variables of an environment, such as [`std::env::vars`].
    #[must_use]
    pub fn with_environment<K: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Activates a profile.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profiles.push(profile.into());
        self
    }

    /// Names the project.
    #[must_use]
    pub fn with_project_name(mut self, name: impl Into<String>) -> Self {
        self.project_name = Some(name.into());
        self
    }
}
