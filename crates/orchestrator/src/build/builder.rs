//! Which builder an engine has.

use wharf_docker::Engine;
use wharf_docker::models::SystemInfo;

use crate::Error;

/// What builds the images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Builder {
    BuildKit(BuildKit),
    /// The builder of old (Engine API `POST /build`).
    Classic {
        /// Whether the engine has BuildKit, too, and the caller wants this one.
        is_wanted: bool,
    },
}

/// The engine's BuildKit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BuildKit {
    /// The engine's version: `28.5.2`.
    pub(crate) version: Option<String>,
    /// Whether its image store keeps attestations.
    pub(crate) keeps_attestations: bool,
    /// The address that `host-gateway` stands for.
    pub(crate) host_gateway: Option<String>,
}

impl Builder {
    /// Asks the engine. `classic`: the caller wants the classic builder.
    ///
    /// # Errors
    /// If the engine cannot be asked.
    pub(crate) async fn of(engine: &Engine, classic: bool) -> Result<Self, Error> {
        if classic {
            return Ok(Builder::Classic { is_wanted: true });
        }
        let host_gateway = match wharf_buildkit::host_gateway(engine).await {
            Ok(address) => address,
            Err(wharf_buildkit::Error::Absent(reason)) => {
                tracing::debug!(%reason, "the engine has no BuildKit");
                return Ok(Builder::Classic { is_wanted: false });
            }
            Err(wharf_buildkit::Error::Engine(error)) => return Err(error.into()),
            Err(error @ wharf_buildkit::Error::Failed(_)) => {
                return Err(Error::refused(format!("the engine's BuildKit does not answer: {error}"), None, None));
            }
        };
        Ok(Builder::BuildKit(BuildKit { host_gateway, ..BuildKit::of(&engine.info().await?) }))
    }
}

impl BuildKit {
    /// The BuildKit of an engine that says this of itself, without `host_gateway`.
    pub(crate) fn of(info: &SystemInfo) -> Self {
        // Attestations are kept beside an image by containerd's store, not by the older ones.
        let of_driver = info.driver_status.iter().flatten().flatten();
        let keeps_attestations = of_driver.into_iter().any(|word| word.starts_with("io.containerd.snapshotter"));
        BuildKit { version: info.server_version.clone(), keeps_attestations, host_gateway: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containerds_store_keeps_attestations() {
        let keeps = |status: &[&str]| {
            let driver_status = Some(vec![status.iter().map(|word| (*word).to_owned()).collect()]);
            BuildKit::of(&SystemInfo { driver_status, ..SystemInfo::default() }).keeps_attestations
        };
        assert!(keeps(&["driver-type", "io.containerd.snapshotter.v1"]));
        assert!(!keeps(&["Backing Filesystem", "extfs"]));
        assert!(!keeps(&[]));
    }
}
