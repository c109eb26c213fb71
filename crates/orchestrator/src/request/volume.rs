//! The body of `POST /volumes/create`.

use std::collections::HashMap;

use bollard::models as api;
use indexmap::IndexMap;
use wharf_compose::model::Volume;
use wharf_docker::labels;

use super::changed::volume_hash;

/// The body that creates the volume `key` of a project.
pub(crate) fn volume_body(project: &str, key: &str, volume: &Volume) -> api::VolumeCreateRequest {
    // An external volume is not created.
    let Volume { name, driver, driver_opts, external: _, labels: given } = volume;
    api::VolumeCreateRequest {
        name: Some(name.clone()),
        driver: driver.clone(),
        driver_opts: non_empty(driver_opts),
        labels: Some(with_own(given, project, (labels::VOLUME, key), volume_hash(volume))),
        ..Default::default()
    }
}

/// A network's or volume's labels, with those by which it is found again.
pub(super) fn with_own(
    given: &IndexMap<String, String>,
    project: &str,
    (kind, key): (&str, &str),
    hash: String,
) -> HashMap<String, String> {
    let own = [(labels::PROJECT, project), (kind, key), (labels::VERSION, env!("CARGO_PKG_VERSION"))];
    let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let hash = [(labels::OWN_HASH.to_owned(), hash)];
    given.iter().map(|(key, value)| (key.clone(), value.clone())).chain(own).chain(hash).collect()
}

pub(super) fn non_empty(options: &IndexMap<String, String>) -> Option<HashMap<String, String>> {
    (!options.is_empty()).then(|| options.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
}
