//! What the host must have: programs from Debian packages, and root rights for some tasks.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::stage::{command, run};

/// A file that the host must have, and its Debian package.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// A program in the search path.
    Program(&'static str, &'static str),
    /// Any other file.
    File(&'static str, &'static str),
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Self::Program(name, _) => in_path(name).is_some(),
            Self::File(path, _) => Path::new(path).exists(),
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Program(_, package) | Self::File(_, package) => package,
        }
    }
}

/// Installs missing packages, as root or through `sudo` without a password.
///
/// # Errors
///
/// Names the packages if they cannot be installed.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|need| !need.is_met()).map(|need| need.package()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let sentence = || format!("this host lacks {packages}: install it (on Debian: apt-get install {packages})");
    if in_path("apt-get").is_none() {
        bail!(sentence());
    }
    run(as_root("apt-get").with_context(sentence)?.args(["update", "-qq"])).with_context(sentence)?;
    run(as_root("apt-get")?
        .args(["install", "-qq", "-y", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive"))
    .with_context(sentence)
}

/// A command with root's rights.
///
/// # Errors
///
/// If this process is not root and `sudo` needs a password.
pub(crate) fn as_root(program: &str) -> Result<Command> {
    if succeeds(Command::new("sh").args(["-c", "[ \"$(id -u)\" = 0 ]"])) {
        return Ok(command(program));
    }
    if !succeeds(Command::new("sudo").args(["-n", "true"])) {
        bail!("`{program}` needs root, or sudo without a password");
    }
    let mut sudo = command("sudo");
    sudo.args(["-n", "--", program]);
    Ok(sudo)
}

/// Whether a command exists and succeeds. Its output is discarded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where a program is that can be run by its name.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    // The search path of a user may not have root's programs.
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
