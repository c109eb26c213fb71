//! Builds `wharf` and `wharf-web` as static binaries, and the build contexts of their images.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::stage::{cargo, root, run, stage};

/// The target of the static binaries. It is the host's, so no cross compiler is needed.
///
/// It is passed to cargo although it is the host's, because flags for a named target do not apply to build scripts,
/// macros and ordinary builds of the tests.
fn target() -> Result<String> {
    if cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        Ok(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
    } else {
        bail!("the images' binaries are built on Linux, on x86_64 or aarch64; this is another system")
    }
}

fn folder() -> Result<PathBuf> {
    Ok(root().join("target").join(target()?).join("release"))
}

/// The built `wharf`.
pub(crate) fn wharf() -> Result<PathBuf> {
    Ok(folder()?.join("wharf"))
}

/// The built `wharf-web`.
pub(crate) fn wharf_web() -> Result<PathBuf> {
    Ok(folder()?.join("wharf-web"))
}

/// Builds both, with the C library linked statically.
pub(crate) fn build() -> Result<()> {
    run(static_build()?.args(["--package", "wharf", "--package", "wharf-web"]))
}

/// `given` if there is one, else `wharf`, built now.
pub(crate) fn given_or_built(given: Option<&Path>) -> Result<PathBuf> {
    match given {
        Some(wharf) => Ok(wharf.to_owned()),
        None => {
            stage("binaries", build)?;
            wharf()
        }
    }
}

/// Builds the bare counter that wharf-web is compared with, in the same way.
pub(crate) fn bare() -> Result<PathBuf> {
    example("wharf-web", "bare")
}

/// Builds an example of a package in the same way.
pub(crate) fn example(package: &str, name: &str) -> Result<PathBuf> {
    run(static_build()?.args(["--package", package, "--example", name]))?;
    Ok(folder()?.join("examples").join(name))
}

/// The command of a static release build. The caller adds what to build.
fn static_build() -> Result<Command> {
    let target = target()?;
    let flags = format!("CARGO_TARGET_{}_RUSTFLAGS", target.to_uppercase().replace('-', "_"));
    let mut build = cargo();
    build
        .args(["build", "--release", "--locked", "--target", &target, "--target-dir"])
        .arg(root().join("target"))
        .env(flags, "-C target-feature=+crt-static")
        // These variables would override the flags above.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    Ok(build)
}

/// Copies the binaries and Dockerfiles to the build contexts of `deploy/compose.yaml`.
pub(crate) fn stage_images() -> Result<()> {
    for (image, binary) in [("web", "wharf-web"), ("wharf", "wharf")] {
        let context = root().join("target/images").join(image);
        fs::create_dir_all(&context).with_context(|| format!("cannot make {}", context.display()))?;
        let dockerfile = root().join("deploy/images").join(image).join("Dockerfile");
        for (from, name) in [(folder()?.join(binary), binary), (dockerfile, "Dockerfile")] {
            let to = context.join(name);
            fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}
