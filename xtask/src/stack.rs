//! The stack of `deploy/`, through the built `wharf`.

use std::process::Command;

use anyhow::Result;

use crate::{binaries, stage::command};

/// Where the stack's images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The official ones, from their registry.
    Registry,
    /// Made here from Debian's packages.
    Offline,
}

impl Source {
    /// The Compose files, the later over the earlier.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Self::Registry => &["deploy/compose.yaml"],
            Self::Offline => &["deploy/compose.yaml", "deploy/compose.offline.yaml"],
        }
    }
}

/// `wharf` with the stack's files; the verb is still to come.
pub(crate) fn wharf(source: Source) -> Result<Command> {
    let mut wharf = command(binaries::wharf()?);
    for file in source.files() {
        wharf.args(["-f", file]);
    }
    Ok(wharf)
}
