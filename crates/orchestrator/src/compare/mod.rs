//! Compares a container with what the file asks for, setting by setting. It decides about containers that another program
//! made, and names what changed in those that wharf made.
//!
//! A create request leaves much to the engine and to the image, and an inspection shows the result. So each part knows what
//! the engine puts in the place of what the request leaves out. Where that cannot be known, the settings differ: the
//! container is then recreated once, and carries our hash from then on. Everything here but [`look`] is pure.

mod host;
mod look;
mod mounts;
mod networks;
mod process;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use bollard::models as api;
use serde_json::Value;

use crate::difference::Difference;
pub(crate) use look::compare;

/// A container as the engine describes it.
#[derive(Debug, Clone, Default)]
struct Found {
    container: api::ContainerInspectResponse,
    /// The settings of its image.
    image: api::ImageConfig,
    engine: EngineDefaults,
}

/// What the engine takes where a request says nothing.
#[derive(Debug, Clone, Default)]
struct EngineDefaults {
    logging_driver: Option<String>,
    runtime: Option<String>,
    /// The default of [`api::HostConfig::cgroupns_mode`].
    cgroup_namespace: &'static str,
}

/// What a container of the service would be made from.
#[derive(Debug, Clone, Default)]
struct Wanted {
    /// The names that it may have.
    names: Vec<String>,
    body: api::ContainerCreateBody,
    further_networks: Vec<(String, api::EndpointSettings)>,
    /// Whether secrets or configs are copied into it. An inspection does not show them.
    copies_files: bool,
    /// The variables whose values are in the Compose file, rather than in an env file.
    written: BTreeSet<String>,
    /// The keys of the networks in the file, by their names in the engine.
    networks: BTreeMap<String, String>,
    /// The settings of the host that `deploy` decides, by their keys in a service, and their own keys.
    deployed: BTreeMap<&'static str, &'static str>,
}

/// The settings in which a container differs from what is wanted; none: it can be kept.
fn differences(found: &Found, wanted: &Wanted) -> Vec<Difference> {
    let name = wharf_docker::names::bare_name(found.container.name.as_deref().unwrap_or_default());
    let mut all = Vec::new();
    if !wanted.names.iter().any(|wanted| wanted == name) {
        all.push(Difference::new("container_name", Some(name.to_owned()), wanted.names.first().cloned()));
    }
    if wanted.copies_files {
        all.push(Difference::of_unknown_values("content of secrets and configs"));
    }
    all.extend(process::differences(found, wanted));
    all.extend(mounts::differences(found, &wanted.body));
    all.extend(networks::differences(found, wanted));
    all.extend(host::differences(found, wanted));
    all
}

/// The image by another name. That alone is no reason to replace a container of another program: images are compared by
/// their identifiers.
fn image_name(found: &Found, wanted: &Wanted) -> Option<Difference> {
    let is = found.container.config.as_ref().and_then(|config| config.image.clone());
    (is != wanted.body.image).then(|| Difference::new("image", is, wanted.body.image.clone()))
}

/// Takes out what says nothing: what is empty, 0 or false.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|_, value| !says_nothing(value));
        }
        Value::Array(list) => list.iter_mut().for_each(prune),
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}
