//! Parts of the tables that several keys share.

use crate::spec::schema::{BOOL, DICT, Field, INT, Rule, Schema, TEXT, TEXTS, Unique, VARIABLES, field};
use crate::spec::short::entries;
use wharf_yaml::Node;

/// A secret or config in a service or build.
pub(super) const FILE_MOUNTS: Schema = Schema::List(&FILE_MOUNT, Unique::No);
pub(super) const FILE_MOUNT: Schema = Schema::Short(
    entries::file_mount,
    &Schema::Map(&[
        field("source", TEXT),
        field("target", TEXT),
        field("uid", TEXT),
        field("gid", TEXT),
        field("mode", Schema::Mode),
    ]),
);

pub(super) const ULIMITS: Schema = Schema::Free(&Schema::Merged(
    Rule::Replace,
    &Schema::ScalarOr(&INT, &Schema::Map(&[field("soft", INT).required(), field("hard", INT).required()])),
));

/// Commands run beside a container's main process.
pub(super) const HOOK: Schema = Schema::Map(&[
    field("command", Schema::Words).required(),
    field("user", TEXT),
    field("privileged", BOOL),
    field("working_dir", TEXT),
    field("environment", VARIABLES),
]);

/// A request for devices, of `gpus` and `deploy.resources.reservations`.
pub(super) const DEVICE_FIELDS: [Field; 5] = [
    field("capabilities", TEXTS).example("capabilities: [gpu]"),
    field("count", Schema::Count),
    field("device_ids", TEXTS),
    field("driver", TEXT),
    field("options", DICT),
];

/// The path a mount of a secret ends up at.
pub(super) fn secret_target(node: &Node) -> Option<String> {
    mount_target(node, "/run/secrets")
}

/// The path a mount of a config ends up at.
pub(super) fn config_target(node: &Node) -> Option<String> {
    mount_target(node, "")
}

pub(super) fn mount_target(node: &Node, folder: &str) -> Option<String> {
    match node.get_text("target") {
        Some(target) => Some(target.to_owned()),
        None => node.get_text("source").map(|source| format!("{folder}/{source}")),
    }
}
