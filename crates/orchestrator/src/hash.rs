//! The configuration hash: whether a container was made from what the file says now.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use wharf_compose::Project;
use wharf_compose::model::Service;

/// What does not change the container itself.
const NOT_PART_OF_A_CONTAINER: [&str; 8] =
    ["build", "depends_on", "deploy", "develop", "profiles", "pull_policy", "scale", "attach"];

/// Hash of a service's configuration, `v1:<sha256>`: over the canonical form with sorted keys and the engine's names of
/// its networks and volumes. Keys that are not set do not count, so that a newer wharf which knows more keys gives the
/// same hash. The image's content is compared apart.
pub fn service_hash(project: &Project, service: &Service) -> String {
    let mut value = serde_json::to_value(service).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        for key in NOT_PART_OF_A_CONTAINER {
            map.shift_remove(key);
        }
    }
    let networks = service.networks.keys().filter_map(|key| Some((key, &project.networks.get(key)?.name)));
    let volumes = service
        .volumes
        .iter()
        .filter_map(|mount| mount.source.as_ref())
        .filter_map(|key| Some((key, &project.volumes.get(key)?.name)));
    let names = |pairs: &mut dyn Iterator<Item = (&String, &String)>| {
        Value::Object(pairs.map(|(key, name)| (key.clone(), Value::String(name.clone()))).collect())
    };
    let mut input = Map::new();
    input.insert("networks".to_owned(), names(&mut networks.into_iter()));
    input.insert("service".to_owned(), value);
    input.insert("volumes".to_owned(), names(&mut volumes.into_iter()));
    let canonical = sorted(Value::Object(input)).to_string();
    format!("v1:{}", hex::encode(Sha256::digest(canonical.as_bytes())))
}

/// Orders the keys of all objects.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(environment: &[(&str, &str)]) -> Service {
        Service {
            image: Some("redis:7".into()),
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned()))).collect(),
            ..Service::default()
        }
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_values_do() {
        let project = Project::default();
        let hash = |pairs: &[(&str, &str)]| service_hash(&project, &service(pairs));
        assert_eq!(hash(&[("A", "1"), ("B", "2")]), hash(&[("B", "2"), ("A", "1")]));
        assert_ne!(hash(&[("A", "1")]), hash(&[("A", "2")]));
    }

    #[test]
    fn scaling_or_a_new_dependency_recreates_nothing() {
        let project = Project::default();
        let mut scaled = service(&[]);
        scaled.scale = Some(3);
        assert_eq!(service_hash(&project, &scaled), service_hash(&project, &service(&[])));
    }

    /// Containers that run carry this label: a change of it would recreate every one of them on an upgrade of wharf.
    #[test]
    fn the_hash_of_a_known_service_stays_what_it_was() {
        let hash = service_hash(&Project::default(), &service(&[("A", "1")]));
        insta::assert_snapshot!(hash, @"v1:0710ed4357e3c903a5960217167ea2458d9ff9aa3206b0859ed73e188b11db33");
    }
}
