//! Where the plugins of the `docker` command are.

use std::path::PathBuf;

use serde::Deserialize;

use crate::endpoint::Endpoint;

/// The folders of plugins that a distribution installs (`defaultSystemPluginDirs` in docker/cli).
const OF_SYSTEM: [&str; 4] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

/// The folders in which the `docker` command looks for its plugins, the first one first: those that its configuration names
/// (`cliPluginsExtraDirs`), the user's, the system's.
pub fn plugin_folders(endpoint: &Endpoint) -> Vec<PathBuf> {
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(default, rename = "cliPluginsExtraDirs")]
        folders: Vec<PathBuf>,
    }
    let text = std::fs::read_to_string(endpoint.config.join("config.json")).unwrap_or_default();
    let config: Config = serde_json::from_str(&text).unwrap_or_default();
    let own = endpoint.config.join("cli-plugins");
    config.folders.into_iter().chain([own]).chain(OF_SYSTEM.map(PathBuf::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_configuration_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let endpoint =
            Endpoint { host: String::new(), origin: String::new(), tls: None, config: directory.path().to_owned() };
        assert_eq!(plugin_folders(&endpoint)[0], directory.path().join("cli-plugins"));
        let config = r#"{"auths": {}, "cliPluginsExtraDirs": ["/opt/plugins"]}"#;
        std::fs::write(directory.path().join("config.json"), config).unwrap();
        assert_eq!(
            plugin_folders(&endpoint)[..2],
            [PathBuf::from("/opt/plugins"), directory.path().join("cli-plugins")]
        );
    }
}
