//! The stack of `deploy/`, run by the built `wharf`.

use std::{os::unix::fs::MetadataExt, process::Command};

use anyhow::Result;

use crate::{binaries, stage::command};

/// Where the stack's images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Official images, from their registry.
    Registry,
    /// Images that we build from Debian packages.
    Offline,
}

impl Source {
    /// The Compose files. Later ones override earlier ones.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Self::Registry => &["deploy/compose.yaml"],
            Self::Offline => &["deploy/compose.yaml", "deploy/compose.offline.yaml"],
        }
    }
}

/// The variable with the exporter's user and group. Without it, the exporter runs as root without capabilities.
const EXPORTER_USER: &str = "EXPORTER_USER";

/// An unused user id with the group of the engine's socket, unless the variable is set already.
fn exporter_user() -> Option<String> {
    if std::env::var_os(EXPORTER_USER).is_some() {
        return None;
    }
    let socket = std::env::var("DOCKER_SOCKET").unwrap_or_else(|_| "/var/run/docker.sock".to_owned());
    let group = std::fs::metadata(socket).ok()?.gid();
    Some(format!("65532:{group}"))
}

/// The `wharf` command with the stack's files. The caller adds the verb.
pub(crate) fn wharf(source: Source) -> Result<Command> {
    let mut wharf = command(binaries::wharf()?);
    if let Some(user) = exporter_user() {
        wharf.env(EXPORTER_USER, user);
    }
    for file in source.files() {
        wharf.args(["-f", file]);
    }
    Ok(wharf)
}
