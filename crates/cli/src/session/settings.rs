//! What is set outside the command line: the environment, the project's `.env`, the docker command's configuration.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use wharf_docker::EndpointChoice;

use super::here;

/// What is set outside the command line.
pub(crate) struct Settings {
    /// The process's environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// The values that the project is read with: the environment, then its `.env`. Read once.
    project: OnceLock<BTreeMap<String, String>>,
}

impl Settings {
    /// The settings of this process.
    pub(super) fn of_process() -> Self {
        let mut environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        // A shell sets it; what starts wharf without a shell may not.
        if let Ok(here) = here::directory() {
            environment.entry("PWD".to_owned()).or_insert_with(|| here.display().to_string());
        }
        Settings { environment, project: OnceLock::new() }
    }

    /// Keeps the values that a project was read with, so that nothing looks for them again.
    pub(super) fn keep_project(&self, values: BTreeMap<String, String>) {
        self.project.get_or_init(|| values);
    }

    /// A variable of the environment or, once the project is read, of its `.env`.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).or_else(|| self.project.get()?.get(name)).cloned()
    }

    /// The environment of programs that are run for the project: the values that it was read with, once it is read.
    pub(super) fn environment_of_programs(&self) -> BTreeMap<String, String> {
        let mut environment = self.project.get().unwrap_or(&self.environment).clone();
        // A plugin of the `docker` command would take it for its own.
        environment.remove("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND");
        environment
    }

    /// Whether a variable of the environment or of the project's `.env` says yes. `read` reads the project's values, unless
    /// they are known already.
    pub(super) fn is_set(&self, variable: &str, read: impl FnOnce() -> BTreeMap<String, String>) -> bool {
        let value = self.environment.get(variable).or_else(|| self.project.get_or_init(read).get(variable));
        value.is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "t" | "true" | "y" | "yes" | "on"))
    }

    /// A text in the docker command's own configuration (`config.json`).
    pub(crate) fn docker(&self, key: &str, choice: &EndpointChoice) -> Option<String> {
        let text = std::fs::read_to_string(choice.config_directory(&self.environment).join("config.json")).ok()?;
        let settings: serde_json::Value = serde_json::from_str(&text).ok()?;
        settings.get(key)?.as_str().filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(environment: &[(&str, &str)]) -> Settings {
        let pairs = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Settings { environment: pairs.collect(), project: OnceLock::new() }
    }

    #[test]
    fn the_values_of_the_project_are_read_once() {
        let settings = settings(&[("A", "yes")]);
        let reads = std::cell::Cell::new(0);
        let read = || {
            reads.set(reads.get() + 1);
            BTreeMap::from([("B".to_owned(), "1".to_owned())])
        };
        assert!(settings.is_set("A", read));
        assert_eq!(reads.get(), 0);
        assert!(settings.is_set("B", read) && settings.is_set("B", read) && !settings.is_set("C", read));
        assert_eq!(reads.get(), 1);
    }

    #[test]
    fn the_environment_comes_before_the_project() {
        let settings = settings(&[("A", "no")]);
        settings.keep_project(BTreeMap::from([("A".to_owned(), "yes".to_owned())]));
        assert!(!settings.is_set("A", BTreeMap::new));
        assert_eq!(settings.variable("A").as_deref(), Some("no"));
    }
}
