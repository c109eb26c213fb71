//! The Compose specification as tables: every key, what it may hold, its short form, how it merges.
//!
//! Source: <https://github.com/compose-spec/compose-spec>, with the JSON schema of the reference implementation where
//! the text leaves a type open.

mod deploy;
mod resources;
mod service;

use crate::node::Node;
use crate::shape::{BOOL, DICT, Field, INT, ONE_OR_MORE, Rule, Shape, TEXT, TEXTS, Unique, VARIABLES, field};
use crate::short;

/// A whole file.
pub(crate) const FILE: Shape = Shape::Map(&[
    field("version", TEXT),
    field("name", TEXT),
    field("include", Shape::List(&INCLUDE, Unique::No)).example("include: [other/compose.yaml]"),
    field("services", Shape::Names(&SERVICE)).example("services: { web: { image: nginx } }"),
    field("networks", Shape::Free(&resources::NETWORK)).example("networks: { backend: {} }"),
    field("volumes", Shape::Names(&resources::VOLUME)).example("volumes: { data: {} }"),
    field("secrets", Shape::Names(&resources::SECRET)).example("secrets: { token: { file: ./token.txt } }"),
    field("configs", Shape::Names(&resources::CONFIG)).example("configs: { site: { file: ./site.conf } }"),
    field("models", Shape::Free(&resources::MODEL)).example("models: { llm: { model: ai/smollm2 } }"),
]);

/// A service.
pub(crate) const SERVICE: Shape = Shape::Map(service::FIELDS);

const INCLUDE: Shape = Shape::Short(
    short::include,
    &Shape::Map(&[
        field("path", ONE_OR_MORE).example("path: other/compose.yaml"),
        field("env_file", ONE_OR_MORE),
        field("project_directory", TEXT),
    ]),
);

/// A secret or config in a service or build.
const FILE_MOUNTS: Shape = Shape::List(&FILE_MOUNT, Unique::No);
const FILE_MOUNT: Shape = Shape::Short(
    short::file_mount,
    &Shape::Map(&[
        field("source", TEXT),
        field("target", TEXT),
        field("uid", TEXT),
        field("gid", TEXT),
        field("mode", Shape::Mode),
    ]),
);

const ULIMITS: Shape = Shape::Free(&Shape::Merged(
    Rule::Replace,
    &Shape::ScalarOr(&INT, &Shape::Map(&[field("soft", INT).required(), field("hard", INT).required()])),
));

/// Commands run beside a container's main process.
const HOOK: Shape = Shape::Map(&[
    field("command", Shape::Words).required(),
    field("user", TEXT),
    field("privileged", BOOL),
    field("working_dir", TEXT),
    field("environment", VARIABLES),
]);

/// A request for devices, of `gpus` and `deploy.resources.reservations`.
const DEVICE_FIELDS: [Field; 5] = [
    field("capabilities", TEXTS).example("capabilities: [gpu]"),
    field("count", Shape::Count),
    field("device_ids", TEXTS),
    field("driver", TEXT),
    field("options", DICT),
];

/// The path a mount of a secret ends up at.
fn secret_target(node: &Node) -> Option<String> {
    mount_target(node, "/run/secrets")
}

/// The path a mount of a config ends up at.
fn config_target(node: &Node) -> Option<String> {
    mount_target(node, "")
}

fn mount_target(node: &Node, folder: &str) -> Option<String> {
    match node.get_text("target") {
        Some(target) => Some(target.to_owned()),
        None => node.get_text("source").map(|source| format!("{folder}/{source}")),
    }
}

/// Whether a service has the key.
pub(crate) fn is_service_key(key: &str) -> bool {
    service::FIELDS.iter().any(|field| field.name == key)
}

/// The shape at a path of keys; list entries are written `[]`.
#[cfg(test)]
fn at(path: &str) -> Option<Shape> {
    let mut shape = FILE;
    for key in path.split('.') {
        shape = match inner(shape) {
            Shape::Map(fields) => fields.iter().find(|field| field.name == key)?.shape,
            Shape::Names(item) | Shape::Free(item) => *item,
            Shape::List(item, _) | Shape::OneOrMore(item, _) if key == "[]" => *item,
            _ => return None,
        };
    }
    Some(shape)
}

#[cfg(test)]
fn inner(shape: Shape) -> Shape {
    match shape {
        Shape::Short(_, long)
        | Shape::ShortNumber(_, long)
        | Shape::Keyed(_, long)
        | Shape::ScalarOr(_, long)
        | Shape::OrNull(long)
        | Shape::Merged(_, long) => inner(*long),
        shape => shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_reach_from_the_file_to_the_leaves() {
        assert!(matches!(at("services.web.ports.[].target"), Some(Shape::Int(..))));
        assert!(matches!(at("services.web.deploy.resources.limits.memory"), Some(Shape::BytesText)));
        assert!(matches!(at("networks.front.ipam.config.[].subnet"), Some(Shape::Text)));
        assert!(at("services.web.portz").is_none());
    }
}
