//! The keys of `deploy` and `develop`.

use super::{DEVICE_FIELDS, HOOK};
use crate::shape::{BOOL, COUNT, DICT, Field, INT, ONE_OR_MORE, Shape, TEXT, UINT, Unique, field};

pub(super) const DEPLOY: Shape = Shape::Map(&[
    field("endpoint_mode", TEXT),
    field("labels", DICT),
    field("mode", TEXT).example("mode: replicated"),
    field(
        "placement",
        Shape::Map(&[
            field("constraints", Shape::List(&TEXT, Unique::No)),
            field("preferences", Shape::List(&Shape::Map(&[field("spread", TEXT)]), Unique::No)),
            field("max_replicas_per_node", UINT),
        ]),
    ),
    field("replicas", COUNT),
    field(
        "resources",
        Shape::Map(&[field("limits", Shape::Map(LIMITS)), field("reservations", Shape::Map(RESERVATIONS))]),
    )
    .example("resources: { limits: { memory: 512m } }"),
    field(
        "restart_policy",
        Shape::Map(&[
            field("condition", TEXT).example("condition: on-failure"),
            field("delay", Shape::Duration),
            field("max_attempts", UINT),
            field("window", Shape::Duration),
        ]),
    ),
    field("rollback_config", UPDATE),
    field("update_config", UPDATE),
]);

const UPDATE: Shape = Shape::Map(&[
    field("parallelism", UINT),
    field("delay", Shape::Duration),
    field("failure_action", TEXT),
    field("monitor", Shape::Duration),
    field("max_failure_ratio", Shape::Number),
    field("order", Shape::Word(&["start-first", "stop-first"])),
]);

const LIMITS: &[Field] = &[field("cpus", Shape::Number), field("memory", Shape::BytesText), field("pids", INT)];

const RESERVATIONS: &[Field] = &[
    field("cpus", Shape::Number),
    field("memory", Shape::BytesText),
    field("generic_resources", Shape::List(&GENERIC_RESOURCE, Unique::No)),
    field("devices", Shape::List(&DEVICE, Unique::No)).example("devices: [{ capabilities: [gpu] }]"),
];

const GENERIC_RESOURCE: Shape =
    Shape::Map(&[field("discrete_resource_spec", Shape::Map(&[field("kind", TEXT), field("value", Shape::Whole)]))]);

const DEVICE: Shape = {
    const FIELDS: [Field; 5] = {
        let mut fields = DEVICE_FIELDS;
        fields[0] = fields[0].required();
        fields
    };
    Shape::Map(&FIELDS)
};

pub(super) const DEVELOP: Shape = Shape::Map(&[field("watch", Shape::List(&TRIGGER, Unique::No))]);

const TRIGGER: Shape = Shape::Map(&[
    field("action", Shape::Word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])).required(),
    field("exec", HOOK),
    field("ignore", ONE_OR_MORE),
    field("include", ONE_OR_MORE),
    field("initial_sync", BOOL),
    field("path", TEXT).required().example("path: ./src"),
    field("target", TEXT),
]);
