//! The keys of networks, volumes, secrets, configs and models.

use crate::shape::{BARE_INT, BOOL, DICT, OPTIONS, Rule, Shape, TEXT, Unique, field};

/// `external: true`, or the older `external: { name: NAME }`.
const EXTERNAL: Shape = Shape::ScalarOr(&BOOL, &Shape::Map(&[field("name", TEXT)]));

pub(super) const NETWORK: Shape = Shape::OrNull(&Shape::Map(&[
    field("name", TEXT),
    field("driver", TEXT).example("driver: bridge"),
    field("driver_opts", OPTIONS),
    field(
        "ipam",
        Shape::Map(&[
            field("driver", TEXT),
            field("config", Shape::Merged(Rule::BySubnet, &Shape::List(&POOL, Unique::No)))
                .example("config: [{ subnet: 172.28.0.0/16 }]"),
            field("options", Shape::Free(&TEXT)),
        ]),
    ),
    field("external", EXTERNAL),
    field("internal", BOOL),
    field("enable_ipv4", BOOL),
    field("enable_ipv6", BOOL),
    field("attachable", BOOL),
    field("labels", DICT),
]));

const POOL: Shape = Shape::Map(&[
    field("subnet", TEXT).example("subnet: 172.28.0.0/16"),
    field("ip_range", TEXT),
    field("gateway", TEXT),
    field("aux_addresses", Shape::Free(&TEXT)),
]);

pub(super) const VOLUME: Shape = Shape::OrNull(&Shape::Map(&[
    field("name", TEXT),
    field("driver", TEXT).example("driver: local"),
    field("driver_opts", OPTIONS),
    field("external", EXTERNAL),
    field("labels", DICT),
]));

pub(super) const SECRET: Shape = Shape::Map(&[
    field("name", TEXT),
    field("environment", TEXT),
    field("file", TEXT),
    field("external", EXTERNAL),
    field("labels", DICT),
    field("driver", TEXT),
    field("driver_opts", OPTIONS),
    field("template_driver", TEXT),
]);

pub(super) const CONFIG: Shape = Shape::Map(&[
    field("name", TEXT),
    field("content", TEXT),
    field("environment", TEXT),
    field("file", TEXT),
    field("external", EXTERNAL),
    field("labels", DICT),
    field("template_driver", TEXT),
]);

pub(super) const MODEL: Shape = Shape::Map(&[
    field("name", TEXT),
    field("model", TEXT).required().example("model: ai/smollm2"),
    field("context_size", BARE_INT),
    field("runtime_flags", Shape::List(&TEXT, Unique::No)),
]);
