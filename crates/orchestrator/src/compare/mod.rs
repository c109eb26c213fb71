//! Compares a container that another program made with what the file asks for, setting by setting.
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

use bollard::models as api;
use serde_json::Value;

pub(crate) use look::compare_unknown;

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
}

/// The settings in which a container differs from what is wanted, in the engine's words; none: it can be kept.
fn differences(found: &Found, wanted: &Wanted) -> Vec<String> {
    let name = wharf_docker::names::bare_name(found.container.name.as_deref().unwrap_or_default());
    let mut all = Vec::new();
    if !wanted.names.iter().any(|wanted| wanted == name) {
        all.push("Name".to_owned());
    }
    if wanted.copies_files {
        all.push("the content of secrets and configs".to_owned());
    }
    all.extend(process::differences(found, &wanted.body).map(str::to_owned));
    all.extend(mounts::differences(found, &wanted.body));
    all.extend(networks::differences(found, wanted));
    all.extend(host::differences(found, &wanted.body));
    all
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
