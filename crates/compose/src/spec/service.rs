//! The keys of a service.

use super::{DEVICE_FIELDS, FILE_MOUNT, FILE_MOUNTS, HOOK, ULIMITS};
use crate::node::Node;
use crate::shape::{
    BARE_INT, BOOL, COUNT, DICT, Field, KEYED_TEXTS, NoValue, ONE_OR_MORE, OPTIONS, Rule, Shape, TEXT, TEXTS, UINT,
    Unique, VARIABLES, before_equals, field,
};
use crate::{mounts, ports, short};

pub(super) const FIELDS: &[Field] = &[
    field("annotations", DICT),
    field("attach", BOOL),
    field("blkio_config", BLKIO),
    field("build", BUILD).example("build: ./web"),
    field("cap_add", KEYED_TEXTS).example("cap_add: [NET_ADMIN]"),
    field("cap_drop", KEYED_TEXTS).example("cap_drop: [ALL]"),
    field("cgroup", Shape::Word(&["host", "private"])),
    field("cgroup_parent", TEXT),
    field("command", Shape::Merged(Rule::Replace, &Shape::Words)),
    field("configs", Shape::List(&FILE_MOUNT, Unique::By(super::config_target))).example("configs: [site]"),
    field(
        "container_name",
        Shape::Form(container_name, "a container name: letters, digits, `_`, `.`, `-`, at least two"),
    )
    .example("container_name: web-1"),
    field("cpu_count", UINT),
    field("cpu_percent", Shape::Percent),
    field("cpu_period", Shape::Whole).example("cpu_period: 100000"),
    field("cpu_quota", Shape::Whole).example("cpu_quota: 50000"),
    field("cpu_rt_period", Shape::Whole).example("cpu_rt_period: 1000000"),
    field("cpu_rt_runtime", Shape::Whole).example("cpu_rt_runtime: 950000"),
    field("cpu_shares", Shape::Whole).example("cpu_shares: 512"),
    field("cpus", Shape::Number),
    field("cpuset", TEXT).example("cpuset: \"0-3\""),
    field("credential_spec", Shape::Map(&[field("config", TEXT), field("file", TEXT), field("registry", TEXT)])),
    field("depends_on", Shape::Keyed(short::dependency, &Shape::Names(&DEPENDENCY))).example("depends_on: [db]"),
    field("deploy", Shape::OrNull(&super::deploy::DEPLOY)).example("deploy: { replicas: 2 }"),
    field("develop", Shape::OrNull(&super::deploy::DEVELOP)),
    field("device_cgroup_rules", TEXTS),
    field("devices", Shape::List(&DEVICE, Unique::By(device_target))).example("devices: [\"/dev/ttyUSB0\"]"),
    field("dns", Shape::OneOrMore(&TEXT, Unique::By(before_equals))).example("dns: 192.0.2.53"),
    field("dns_opt", KEYED_TEXTS),
    field("dns_search", Shape::OneOrMore(&TEXT, Unique::By(before_equals))),
    field("domainname", TEXT),
    field("entrypoint", Shape::Merged(Rule::Replace, &Shape::Words)),
    field("env_file", Shape::OneOrMore(&ENV_FILE, Unique::By(env_file_path))).example("env_file: ./web.env"),
    field("environment", VARIABLES),
    field("expose", Shape::List(&Shape::TextOrNumber, Unique::By(text_of))).example("expose: [\"8080\"]"),
    field("extends", EXTENDS).example("extends: { file: base.yaml, service: web }"),
    field("external_links", TEXTS),
    field("extra_hosts", Shape::Hosts),
    field("gpus", Shape::Short(short::gpus, &Shape::List(&Shape::Map(&DEVICE_FIELDS), Unique::No)))
        .example("gpus: all"),
    field("group_add", Shape::List(&Shape::TextOrNumber, Unique::Refused)).example("group_add: [mail]"),
    field("healthcheck", HEALTHCHECK).example("healthcheck: { test: [\"CMD\", \"check\"], interval: 10s }"),
    field("hostname", TEXT),
    field("image", TEXT).example("image: nginx:1"),
    field("init", BOOL),
    field("ipc", TEXT),
    field("isolation", TEXT),
    field("label_file", Shape::OneOrMore(&TEXT, Unique::No)).example("label_file: ./web.labels"),
    field("labels", DICT),
    field("links", KEYED_TEXTS).example("links: [db]"),
    field("logging", LOGGING).example("logging: { driver: local }"),
    field("mac_address", TEXT),
    field("mem_limit", Shape::Bytes),
    field("mem_reservation", Shape::Bytes),
    field("mem_swappiness", Shape::Bytes).example("mem_swappiness: 60"),
    field("memswap_limit", Shape::Bytes),
    field("models", Shape::Keyed(short::name_only, &Shape::Names(&MODEL))).example("models: [llm]"),
    field("network_mode", TEXT).example("network_mode: host"),
    field("networks", Shape::Keyed(short::name_only, &Shape::Names(&NETWORK))).example("networks: [backend]"),
    field("oom_kill_disable", BOOL),
    field("oom_score_adj", Shape::Int(-1000, 1000)),
    field("pid", Shape::OrNull(&TEXT)).example("pid: host"),
    field("pids_limit", Shape::Whole).example("pids_limit: 100"),
    field("platform", TEXT).example("platform: linux/amd64"),
    field("ports", Shape::List(&PORT, Unique::By(ports::identity))).example("ports: [\"8080:80\"]"),
    field("post_start", Shape::List(&HOOK, Unique::No)),
    field("pre_start", Shape::List(&PRE_START, Unique::No)),
    field("pre_stop", Shape::List(&HOOK, Unique::No)),
    field("privileged", BOOL),
    field("profiles", KEYED_TEXTS).example("profiles: [debug]"),
    field("provider", PROVIDER).example("provider: { type: awesomecloud }"),
    field(
        "pull_policy",
        Shape::Form(
            pull_policy,
            "a pull policy: `always`, `never`, `missing`, `build`, `daily`, `weekly` or `every_<time>`",
        ),
    )
    .example("pull_policy: missing"),
    field("pull_refresh_after", TEXT),
    field("read_only", BOOL),
    field("restart", TEXT).example("restart: unless-stopped"),
    field("runtime", TEXT),
    field("scale", COUNT),
    field("secrets", Shape::List(&FILE_MOUNT, Unique::By(super::secret_target))).example("secrets: [token]"),
    field("security_opt", TEXTS).example("security_opt: [\"no-new-privileges:true\"]"),
    field("shm_size", Shape::Bytes),
    field("stdin_open", BOOL),
    field("stop_grace_period", Shape::Duration),
    field("stop_signal", TEXT).example("stop_signal: SIGTERM"),
    field("storage_opt", Shape::Free(&Shape::Loose)),
    field("sysctls", DICT),
    field("tmpfs", Shape::OneOrMore(&TEXT, Unique::By(before_equals))).example("tmpfs: /run"),
    field("tty", BOOL),
    field("ulimits", ULIMITS),
    field("use_api_socket", BOOL),
    field("user", TEXT).example("user: \"1000:1000\""),
    field("userns_mode", TEXT),
    field("uts", TEXT),
    field("volumes", Shape::List(&MOUNT, Unique::By(mounts::identity))).example("volumes: [\"data:/var/lib/data\"]"),
    field("volumes_from", TEXTS),
    field("working_dir", TEXT).example("working_dir: /app"),
];

const BUILD: Shape = Shape::Short(
    short::build,
    &Shape::Map(&[
        field("additional_contexts", Shape::Dict(NoValue::Refused)).example("additional_contexts: { base: ./base }"),
        field("args", VARIABLES),
        field("cache_from", Shape::List(&TEXT, Unique::No)),
        field("cache_to", Shape::List(&TEXT, Unique::No)),
        field("context", TEXT).example("context: ./web"),
        field("dockerfile", TEXT).example("dockerfile: Dockerfile"),
        field("dockerfile_inline", TEXT),
        field("entitlements", Shape::List(&TEXT, Unique::No)),
        field("extra_hosts", Shape::Hosts),
        field("isolation", TEXT),
        field("labels", DICT),
        field("network", TEXT),
        field("no_cache", BOOL),
        field("no_cache_filter", ONE_OR_MORE),
        field("platforms", Shape::List(&TEXT, Unique::No)).example("platforms: [linux/amd64]"),
        field("privileged", BOOL),
        field("provenance", Shape::LooseValue),
        field("pull", BOOL),
        field("sbom", Shape::LooseValue),
        field("secrets", FILE_MOUNTS).example("secrets: [token]"),
        field("shm_size", Shape::Bytes),
        field("ssh", VARIABLES).example("ssh: [default]"),
        field("tags", KEYED_TEXTS).example("tags: [\"me/web:1\"]"),
        field("target", TEXT),
        field("ulimits", ULIMITS),
    ]),
);

const BLKIO: Shape = Shape::Map(&[
    field("device_read_bps", RATES),
    field("device_read_iops", RATES),
    field("device_write_bps", RATES),
    field("device_write_iops", RATES),
    field("weight", Shape::Int(0, 65_535)),
    field(
        "weight_device",
        Shape::List(&Shape::Map(&[field("path", TEXT), field("weight", Shape::Int(0, 65_535))]), Unique::No),
    ),
]);
const RATES: Shape = Shape::List(&Shape::Map(&[field("path", TEXT), field("rate", Shape::Bytes)]), Unique::No);

const DEPENDENCY: Shape = Shape::Map(&[
    field("condition", Shape::Word(&["service_started", "service_healthy", "service_completed_successfully"]))
        .required(),
    field("required", BOOL),
    field("restart", BOOL),
]);

const DEVICE: Shape = Shape::Short(
    short::device,
    &Shape::Map(&[
        field("source", TEXT).required().example("source: /dev/ttyUSB0"),
        field("target", TEXT),
        field("permissions", TEXT),
    ]),
);

const ENV_FILE: Shape = Shape::Short(
    short::env_file,
    &Shape::Map(&[
        field("path", TEXT).required().example("path: ./web.env"),
        field("format", TEXT),
        field("required", BOOL),
    ]),
);

const EXTENDS: Shape = Shape::Short(
    short::extends,
    &Shape::Map(&[field("service", TEXT).required().example("service: base"), field("file", TEXT)]),
);

const HEALTHCHECK: Shape = Shape::Map(&[
    field("disable", BOOL),
    field("interval", Shape::Duration),
    field("retries", COUNT),
    field("test", Shape::Merged(Rule::Replace, &Shape::Short(short::health_test, &Shape::List(&TEXT, Unique::No))))
        .example("test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]"),
    field("timeout", Shape::Duration),
    field("start_period", Shape::Duration),
    field("start_interval", Shape::Duration),
]);

const LOGGING: Shape = Shape::Merged(
    Rule::SameDriver,
    &Shape::Map(&[field("driver", TEXT), field("options", Shape::Free(&Shape::OrNull(&Shape::TextOrNumber)))]),
);

const MODEL: Shape = Shape::OrNull(&Shape::Map(&[field("endpoint_var", TEXT), field("model_var", TEXT)]));

const NETWORK: Shape = Shape::OrNull(&Shape::Map(&[
    field("aliases", KEYED_TEXTS).example("aliases: [db]"),
    field("driver_opts", OPTIONS),
    field("gw_priority", BARE_INT),
    field("interface_name", TEXT),
    field("ipv4_address", TEXT),
    field("ipv6_address", TEXT),
    field("link_local_ips", KEYED_TEXTS),
    field("mac_address", TEXT),
    field("priority", BARE_INT),
]));

const PRE_START: Shape = Shape::Map(&[
    field("command", Shape::Words),
    field("image", TEXT),
    field("user", TEXT),
    field("privileged", BOOL),
    field("working_dir", TEXT),
    field("environment", VARIABLES),
    field("per_replica", BOOL),
]);

const PORT: Shape = Shape::ShortNumber(
    ports::expand,
    &Shape::Map(&[
        field("name", TEXT),
        field("mode", TEXT),
        field("host_ip", TEXT),
        field("target", Shape::Int(0, 65_535)).required().example("target: 80"),
        field("published", Shape::TextOrNumber),
        field("protocol", TEXT),
        field("app_protocol", TEXT),
    ]),
);

const PROVIDER: Shape = Shape::Map(&[
    field("type", TEXT).required(),
    field("options", Shape::Free(&Shape::ScalarOr(&Shape::LooseValue, &Shape::List(&Shape::LooseValue, Unique::No)))),
]);

const MOUNT: Shape = Shape::Short(
    mounts::expand,
    &Shape::Map(&[
        field("type", Shape::Word(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])).required(),
        field("source", TEXT),
        field("target", TEXT),
        field("read_only", BOOL),
        field("consistency", TEXT),
        field(
            "bind",
            Shape::Map(&[
                field("propagation", TEXT),
                field("create_host_path", BOOL),
                field("recursive", Shape::Word(&["enabled", "disabled", "writable", "readonly"])),
                field("selinux", Shape::Word(&["z", "Z"])),
            ]),
        ),
        field("volume", Shape::Map(&[field("labels", DICT), field("nocopy", BOOL), field("subpath", TEXT)])),
        field("tmpfs", Shape::Map(&[field("size", Shape::Bytes), field("mode", Shape::Mode)])),
        field("image", Shape::Map(&[field("subpath", TEXT)])),
    ]),
);

fn text_of(node: &Node) -> Option<String> {
    node.as_text().map(str::to_owned)
}

fn device_target(node: &Node) -> Option<String> {
    node.get_text("target").or(node.get_text("source")).map(str::to_owned)
}

fn env_file_path(node: &Node) -> Option<String> {
    node.get_text("path").map(str::to_owned)
}

fn container_name(text: &str) -> bool {
    // What the engine demands of the whole name, the reference implementation demands of two characters in it.
    text.as_bytes().windows(2).any(|pair| {
        pair[0].is_ascii_alphanumeric() && (pair[1].is_ascii_alphanumeric() || matches!(pair[1], b'_' | b'.' | b'-'))
    })
}

fn pull_policy(text: &str) -> bool {
    matches!(text, "always" | "never" | "build" | "if_not_present" | "missing" | "refresh" | "daily" | "weekly")
        || text.strip_prefix("every_").is_some_and(|time| crate::scalar::duration(time).is_some())
}
