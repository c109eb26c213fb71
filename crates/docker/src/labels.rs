//! The labels of docker compose, so that other tools see our projects and we see theirs, and our own.

/// What all of them begin with.
pub const PREFIX: &str = "com.docker.compose.";

/// The project's name.
pub const PROJECT: &str = "com.docker.compose.project";
/// The service's name.
pub const SERVICE: &str = "com.docker.compose.service";
/// The replica's number, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// `True` for a container of `run`.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
/// The hook that the container runs: `pre_start`.
pub const HOOK: &str = "com.docker.compose.hook";
/// docker compose's hash of the configuration that the container was made from. docker compose takes a container without
/// it for none of its own.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// Identifier of the image that the container was made from.
pub const IMAGE: &str = "com.docker.compose.image";
/// The service's dependencies, `name:condition:restart`, separated by commas.
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// The Compose files, absolute, separated by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// The project's directory.
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// The network's key in the file.
pub const NETWORK: &str = "com.docker.compose.network";
/// The volume's key in the file.
pub const VOLUME: &str = "com.docker.compose.volume";
/// The container in whose place the container was made: `web-1`.
pub const REPLACES: &str = "com.docker.compose.replace";
/// Version of the program that made the object.
pub const VERSION: &str = "com.docker.compose.version";

/// Our own hash of the configuration that the container was made from.
pub const OWN_HASH: &str = "wharf.config-hash";
/// What an inspection does not show of the configuration, as slow hashes: copied secrets and configs, hooks.
pub const OWN_SEAL: &str = "wharf.sealed";

/// The project and the service that an anonymous volume was made for: `shop/web`. It stays when no container has the volume
/// any more.
pub const ANONYMOUS_VOLUME_OF: &str = "wharf.anonymous-volume-of";

/// The labels of our own.
pub const OWN: [&str; 3] = [OWN_HASH, OWN_SEAL, ANONYMOUS_VOLUME_OF];

/// The value of the engine's `label` filter that selects what has this label with this value: `label=value`.
pub fn selector(label: &str, value: &str) -> String {
    format!("{label}={value}")
}

/// Whether a container is one of `run`, by the value of its label [`ONE_OFF`]. Tools differ in the case of `True`.
pub fn is_one_off(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_of_run_is_known_by_its_label_in_any_case() {
        assert!(is_one_off(Some("True")) && is_one_off(Some("true")));
        assert!(!is_one_off(Some("False")) && !is_one_off(None));
    }

    #[test]
    fn every_label_of_docker_compose_has_the_prefix() {
        let all = [
            PROJECT,
            SERVICE,
            NUMBER,
            ONE_OFF,
            HOOK,
            CONFIG_HASH,
            IMAGE,
            DEPENDS_ON,
            CONFIG_FILES,
            WORKING_DIR,
            NETWORK,
            VOLUME,
            REPLACES,
            VERSION,
        ];
        assert!(all.iter().all(|label| label.starts_with(PREFIX)));
        assert_eq!(selector(PROJECT, "shop"), "com.docker.compose.project=shop");
    }
}
