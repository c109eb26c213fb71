//! The keys of networks, volumes, secrets, configs and models.

use crate::spec::schema::{BARE_INT, BOOL, DICT, OPTIONS, Rule, Schema, TEXT, Unique, field};

/// `external: true`, or the older `external: { name: NAME }`.
const EXTERNAL: Schema = Schema::ScalarOr(&BOOL, &Schema::Map(&[field("name", TEXT)]));

pub(super) const NETWORK: Schema = Schema::OrNull(&Schema::Map(&[
    field("name", TEXT),
    field("driver", TEXT).example("driver: bridge"),
    field("driver_opts", OPTIONS),
    field(
        "ipam",
        Schema::Map(&[
            field("driver", TEXT),
            field("config", Schema::Merged(Rule::BySubnet, &Schema::List(&POOL, Unique::No)))
                .example("config: [{ subnet: 172.28.0.0/16 }]"),
            field("options", Schema::Free(&TEXT)),
        ]),
    ),
    field("external", EXTERNAL),
    field("internal", BOOL),
    field("enable_ipv4", BOOL),
    field("enable_ipv6", BOOL),
    field("attachable", BOOL),
    field("labels", DICT),
]));

const POOL: Schema = Schema::Map(&[
    field("subnet", TEXT).example("subnet: 172.28.0.0/16"),
    field("ip_range", TEXT),
    field("gateway", TEXT),
    field("aux_addresses", Schema::Free(&TEXT)),
]);

pub(super) const VOLUME: Schema = Schema::OrNull(&Schema::Map(&[
    field("name", TEXT),
    field("driver", TEXT).example("driver: local"),
    field("driver_opts", OPTIONS),
    field("external", EXTERNAL),
    field("labels", DICT),
]));

pub(super) const SECRET: Schema = Schema::Map(&[
    field("name", TEXT),
    field("environment", TEXT),
    field("file", TEXT),
    field("external", EXTERNAL),
    field("labels", DICT),
    field("driver", TEXT),
    field("driver_opts", OPTIONS),
    field("template_driver", TEXT),
]);

pub(super) const CONFIG: Schema = Schema::Map(&[
    field("name", TEXT),
    field("content", TEXT),
    field("environment", TEXT),
    field("file", TEXT),
    field("external", EXTERNAL),
    field("labels", DICT),
    field("template_driver", TEXT),
]);

pub(super) const MODEL: Schema = Schema::Map(&[
    field("name", TEXT),
    field("model", TEXT).required().example("model: ai/smollm2"),
    field("context_size", BARE_INT),
    field("runtime_flags", Schema::List(&TEXT, Unique::No)),
]);
