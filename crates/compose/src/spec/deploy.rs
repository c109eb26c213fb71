//! The keys of `deploy` and `develop`.

use crate::spec::parts::{DEVICE_FIELDS, HOOK};
use crate::spec::schema::{BOOL, COUNT, DICT, Field, INT, ONE_OR_MORE, Schema, TEXT, UINT, Unique, field};

pub(super) const DEPLOY: Schema = Schema::Map(&[
    field("endpoint_mode", TEXT),
    field("labels", DICT),
    field("mode", TEXT).example("mode: replicated"),
    field(
        "placement",
        Schema::Map(&[
            field("constraints", Schema::List(&TEXT, Unique::No)),
            field("preferences", Schema::List(&Schema::Map(&[field("spread", TEXT)]), Unique::No)),
            field("max_replicas_per_node", UINT),
        ]),
    ),
    field("replicas", COUNT),
    field(
        "resources",
        Schema::Map(&[field("limits", Schema::Map(LIMITS)), field("reservations", Schema::Map(RESERVATIONS))]),
    )
    .example("resources: { limits: { memory: 512m } }"),
    field(
        "restart_policy",
        Schema::Map(&[
            field("condition", TEXT).example("condition: on-failure"),
            field("delay", Schema::Duration),
            field("max_attempts", UINT),
            field("window", Schema::Duration),
        ]),
    ),
    field("rollback_config", UPDATE),
    field("update_config", UPDATE),
]);

const UPDATE: Schema = Schema::Map(&[
    field("parallelism", UINT),
    field("delay", Schema::Duration),
    field("failure_action", TEXT),
    field("monitor", Schema::Duration),
    field("max_failure_ratio", Schema::Number),
    field("order", Schema::Word(&["start-first", "stop-first"])),
]);

const LIMITS: &[Field] = &[field("cpus", Schema::Number), field("memory", Schema::BytesText), field("pids", INT)];

const RESERVATIONS: &[Field] = &[
    field("cpus", Schema::Number),
    field("memory", Schema::BytesText),
    field("generic_resources", Schema::List(&GENERIC_RESOURCE, Unique::No)),
    field("devices", Schema::List(&DEVICE, Unique::No)).example("devices: [{ capabilities: [gpu] }]"),
];

const GENERIC_RESOURCE: Schema =
    Schema::Map(&[field("discrete_resource_spec", Schema::Map(&[field("kind", TEXT), field("value", Schema::Whole)]))]);

const DEVICE: Schema = {
    const FIELDS: [Field; 5] = {
        let mut fields = DEVICE_FIELDS;
        fields[0] = fields[0].required();
        fields
    };
    Schema::Map(&FIELDS)
};

pub(super) const DEVELOP: Schema = Schema::Map(&[field("watch", Schema::List(&TRIGGER, Unique::No))]);

const TRIGGER: Schema = Schema::Map(&[
    field("action", Schema::Word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])).required(),
    field("exec", HOOK),
    field("ignore", ONE_OR_MORE),
    field("include", ONE_OR_MORE),
    field("initial_sync", BOOL),
    field("path", TEXT).required().example("path: ./src"),
    field("target", TEXT),
]);
