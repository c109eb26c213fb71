//! The registry that tests push to and pull from: the program of Debian's package `docker-registry`. The package is unpacked
//! and not installed, because its installation starts a service that listens on all interfaces.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::host::{as_root, in_path, succeeds};
use crate::stage::{command, root, run};

const PACKAGE: &str = "docker-registry";

/// The program's path; the package is fetched unless it is there.
///
/// # Errors
///
/// If the package cannot be fetched.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(installed) = in_path(PACKAGE) {
        return Ok(installed);
    }
    let folder = root().join("target").join(PACKAGE);
    let program = folder.join("usr/bin").join(PACKAGE);
    if !program.is_file() {
        unpack(&folder).with_context(|| format!("this host lacks {PACKAGE}, and its Debian package cannot be had"))?;
    }
    Ok(program)
}

fn unpack(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let download = || {
        let mut download = command("apt-get");
        download.args(["download", "-qq", PACKAGE]).current_dir(folder);
        download
    };
    // Without the list of packages it is not known.
    if !succeeds(&mut download()) {
        run(as_root("apt-get")?.args(["update", "-qq"]))?;
        run(&mut download())?;
    }
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    let package = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).find(is_package);
    run(command("dpkg-deb").arg("-x").arg(package.context("apt-get downloaded nothing")?).arg(folder))
}
