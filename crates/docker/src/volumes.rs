//! Volumes as the engine describes them.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::ListVolumesOptionsBuilder;

use crate::engine::Engine;
use crate::error::Error;

/// A volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeDetails {
    /// Its name.
    pub name: String,
    /// Its driver: `local`.
    pub driver: String,
    /// `local` or `global`.
    pub scope: String,
    /// Where it is mounted, in the engine's file system.
    pub mountpoint: String,
    /// The driver's options, as they were given.
    pub options: BTreeMap<String, String>,
    /// All labels.
    pub labels: BTreeMap<String, String>,
}

/// Lists the volumes with a label (`KEY` or `KEY=VALUE`), or all of them, by name (Engine API `GET /volumes`).
///
/// # Errors
/// If the request fails.
pub async fn list_volumes(engine: &Engine, label: Option<&str>) -> Result<Vec<VolumeDetails>, Error> {
    let filters: HashMap<_, _> = label.map(|label| ("label", vec![label.to_owned()])).into_iter().collect();
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let answer = engine.docker().list_volumes(Some(options)).await.map_err(Error::at("list the volumes"))?;
    let mut volumes: Vec<VolumeDetails> = answer
        .volumes
        .unwrap_or_default()
        .into_iter()
        .map(|volume| VolumeDetails {
            name: volume.name,
            driver: volume.driver,
            scope: volume.scope.map(|scope| scope.to_string()).unwrap_or_default(),
            mountpoint: volume.mountpoint,
            options: volume.options.into_iter().collect(),
            labels: volume.labels.into_iter().collect(),
        })
        .collect();
    volumes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(volumes)
}
