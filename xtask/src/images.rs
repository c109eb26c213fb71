//! `cargo xtask images`: builds the images that the stack and the tests need without a registry.

use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::{
    binaries,
    host::{Need, as_root, ensure, succeeds},
    stack::{Source, wharf},
    stage::{command, root, run, stage},
};

/// The base image of all others.
const BASE: &str = "wharf-local/debian:bookworm";
/// The tests' image with other exporters.
const PEERS: &str = "wharf-local/peers:bookworm";

/// Builds the binaries, then the images that stacks from this source need.
pub(crate) fn make(source: Source) -> Result<()> {
    stage("static binaries", || binaries::build().and_then(|()| binaries::stage_images()))?;
    if source == Source::Offline {
        base()?;
    }
    stage("images", || run(wharf(source)?.arg("build")))
}

/// Builds the image that only tests need: the programs that ours are compared with.
fn peers() -> Result<()> {
    stage("images of peers", || {
        run(command("docker").args(["build", "--quiet", "--tag", PEERS, "deploy/images/peers"]))
    })
}

/// The task: builds all images.
pub(crate) fn run_task() -> Result<()> {
    make(Source::Offline)?;
    peers()
}

/// Builds the base image unless the engine has it.
fn base() -> Result<()> {
    ensure(&[Need::Program("docker", "docker.io")])?;
    if succeeds(command("docker").args(["image", "inspect", BASE])) {
        return Ok(());
    }
    if !succeeds(command("docker").arg("version")) {
        bail!("no Docker Engine answers: start it, or name it in DOCKER_HOST");
    }
    stage(&format!("base image {BASE}"), || {
        ensure(&[
            Need::Program("debootstrap", "debootstrap"),
            Need::File("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"),
        ])?;
        import()
    })
}

/// Pipes debootstrap's archive into `docker import`.
fn import() -> Result<()> {
    let mut archive = as_root("sh")?
        .arg("deploy/images/debian/rootfs.sh")
        .arg(root().join("target/images/debian"))
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run deploy/images/debian/rootfs.sh")?;
    let Some(pipe) = archive.stdout.take() else { bail!("the archive has no output") };
    // The engine accepts a truncated archive, so the image is named only when both commands succeeded.
    let imported = command("docker").args(["import", "--change", "CMD [\"bash\"]", "-"]).stdin(pipe).output();
    let made = archive.wait().context("cannot wait for deploy/images/debian/rootfs.sh")?;
    let imported = imported.context("cannot run `docker import`")?;
    if !made.success() {
        bail!("deploy/images/debian/rootfs.sh failed ({made}); its messages are above");
    }
    if !imported.status.success() {
        bail!("`docker import` failed: {}", String::from_utf8_lossy(&imported.stderr).trim());
    }
    let id = String::from_utf8_lossy(&imported.stdout).trim().to_owned();
    run(command("docker").args(["tag", &id, BASE]))
}
