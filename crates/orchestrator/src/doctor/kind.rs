//! Which engine it is, where that has consequences: Podman, or an engine without root.

use std::time::Duration;

use wharf_docker::models::SystemInfo;
use wharf_docker::{ApiVersion, Engine};

use super::Finding;

/// How long the engine may take to say what it is.
const LONGEST: Duration = Duration::from_secs(5);

/// The name of an engine that is not Docker's, as it gives it: `Podman Engine`.
pub(super) async fn other_than_docker(engine: &Engine) -> Option<String> {
    if engine.is_docker() {
        return None;
    }
    let version = tokio::time::timeout(LONGEST, engine.docker().version()).await.ok()?.ok()?;
    // Docker calls itself `Engine`, and so does what says nothing of itself.
    version.components?.into_iter().next().map(|first| first.name).filter(|name| !name.is_empty() && name != "Engine")
}

pub(super) fn other(name: &str, info: &SystemInfo, api: ApiVersion) -> Finding {
    let name = name.strip_suffix(" Engine").unwrap_or(name);
    let found = format!("{name} {}, API {api}", info.server_version.as_deref().unwrap_or("of unknown version"));
    match name {
        "Podman" => Finding::warning(
            "engine",
            found,
            "it runs health checks by systemd alone, and takes images from the registries of its registries.conf; wharf's docs/engines.md \
             says what was tried",
        ),
        _ => Finding::warning("engine", found, "wharf was not tried with it"),
    }
}

/// An engine that runs without root. Docker says so; Podman keeps its data in the user's own directory then.
pub(super) fn rootless(engine: &Engine, info: &SystemInfo) -> Option<Finding> {
    let options = info.security_options.as_deref().unwrap_or_default();
    let root = info.docker_root_dir.as_deref().unwrap_or_default();
    let says_so = options.iter().any(|option| option == "name=rootless");
    let keeps_at_home = !engine.is_docker() && root.contains("/.local/share/");
    (says_so || keeps_at_home).then(|| {
        Finding::warning(
            "engine",
            "it runs without root (rootless)",
            "host ports below 1024 need `sysctl net.ipv4.ip_unprivileged_port_start`, limits need cgroup v2 with delegation, and user 0 of \
             a container is the engine's user",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_is_named_with_what_follows() {
        let info = SystemInfo { server_version: Some("4.3.1".into()), ..SystemInfo::default() };
        let api = ApiVersion { major: 1, minor: 41 };
        let podman = other("Podman Engine", &info, api);
        assert_eq!(podman.message, "Podman 4.3.1, API 1.41");
        assert!(podman.help.is_some_and(|help| help.contains("systemd")));
        assert_eq!(other("balena", &info, api).help.as_deref(), Some("wharf was not tried with it"));
    }
}
