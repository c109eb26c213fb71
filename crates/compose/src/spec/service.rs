//! The keys of a service.

use crate::model::{ExposedPorts, PortRange, PullPolicy};
use crate::spec::deploy::{DEPLOY, DEVELOP};
use crate::spec::parts::{DEVICE_FIELDS, FILE_MOUNT, FILE_MOUNTS, HOOK, ULIMITS, config_target, secret_target};
use crate::spec::schema::{
    BARE_INT, BOOL, COUNT, DICT, Field, KEYED_TEXTS, NoValue, ONE_OR_MORE, OPTIONS, Rule, Schema, TEXT, TEXTS, UINT,
    Unique, VARIABLES, before_equals, field,
};
use crate::spec::short::{entries, mounts, ports};
use wharf_yaml::Node;

pub(super) const FIELDS: &[Field] = &[
    field("annotations", DICT),
    field("attach", BOOL),
    field("blkio_config", BLKIO),
    field("build", BUILD).example("build: ./web"),
    field("cap_add", KEYED_TEXTS).example("cap_add: [NET_ADMIN]"),
    field("cap_drop", KEYED_TEXTS).example("cap_drop: [ALL]"),
    field("cgroup", Schema::Word(&["host", "private"])),
    field("cgroup_parent", TEXT),
    field("command", Schema::Merged(Rule::Replace, &Schema::Words)),
    field("configs", Schema::List(&FILE_MOUNT, Unique::By(config_target))).example("configs: [site]"),
    field(
        "container_name",
        Schema::Form(container_name, "a container name: letters, digits, `_`, `.`, `-`, at least two"),
    )
    .example("container_name: web-1"),
    field("cpu_count", UINT),
    field("cpu_percent", Schema::Percent),
    field("cpu_period", Schema::Whole).example("cpu_period: 100000"),
    field("cpu_quota", Schema::Whole).example("cpu_quota: 50000"),
    field("cpu_rt_period", Schema::Whole).example("cpu_rt_period: 1000000"),
    field("cpu_rt_runtime", Schema::Whole).example("cpu_rt_runtime: 950000"),
    field("cpu_shares", Schema::Whole).example("cpu_shares: 512"),
    field("cpus", Schema::Number),
    field("cpuset", TEXT).example("cpuset: \"0-3\""),
    field("credential_spec", Schema::Map(&[field("config", TEXT), field("file", TEXT), field("registry", TEXT)])),
    field("depends_on", Schema::Keyed(entries::dependency, &Schema::Names(&DEPENDENCY))).example("depends_on: [db]"),
    field("deploy", Schema::OrNull(&DEPLOY)).example("deploy: { replicas: 2 }"),
    field("develop", Schema::OrNull(&DEVELOP)),
    field("device_cgroup_rules", TEXTS),
    field("devices", Schema::List(&DEVICE, Unique::By(device_target))).example("devices: [\"/dev/ttyUSB0\"]"),
    field("dns", Schema::OneOrMore(&TEXT, Unique::By(before_equals))).example("dns: 192.0.2.53"),
    field("dns_opt", KEYED_TEXTS),
    field("dns_search", Schema::OneOrMore(&TEXT, Unique::By(before_equals))),
    field("domainname", TEXT),
    field("entrypoint", Schema::Merged(Rule::Replace, &Schema::Words)),
    field("env_file", Schema::OneOrMore(&ENV_FILE, Unique::By(env_file_path))).example("env_file: ./web.env"),
    field("environment", VARIABLES),
    field("expose", Schema::List(&EXPOSED, Unique::By(text_of))).example("expose: [\"8080\"]"),
    field("extends", EXTENDS).example("extends: { file: base.yaml, service: web }"),
    field("external_links", TEXTS),
    field("extra_hosts", Schema::Hosts),
    field("gpus", Schema::Short(entries::gpus, &Schema::List(&Schema::Map(&DEVICE_FIELDS), Unique::No)))
        .example("gpus: all"),
    field("group_add", Schema::List(&Schema::TextOrNumber, Unique::Refused)).example("group_add: [mail]"),
    field("healthcheck", HEALTHCHECK).example("healthcheck: { test: [\"CMD\", \"check\"], interval: 10s }"),
    field("hostname", TEXT),
    field("image", TEXT).example("image: nginx:1"),
    field("init", BOOL),
    field("ipc", TEXT),
    field("isolation", TEXT),
    field("label_file", Schema::OneOrMore(&TEXT, Unique::No)).example("label_file: ./web.labels"),
    field("labels", DICT),
    field("links", KEYED_TEXTS).example("links: [db]"),
    field("logging", LOGGING).example("logging: { driver: local }"),
    field("mac_address", TEXT),
    field("mem_limit", Schema::Bytes),
    field("mem_reservation", Schema::Bytes),
    field("mem_swappiness", Schema::Bytes).example("mem_swappiness: 60"),
    field("memswap_limit", Schema::Bytes),
    field("models", Schema::Keyed(entries::name_only, &Schema::Names(&MODEL))).example("models: [llm]"),
    field("network_mode", TEXT).example("network_mode: host"),
    field("networks", Schema::Keyed(entries::name_only, &Schema::Names(&NETWORK))).example("networks: [backend]"),
    field("oom_kill_disable", BOOL),
    field("oom_score_adj", Schema::Int(-1000, 1000)),
    field("pid", Schema::OrNull(&TEXT)).example("pid: host"),
    field("pids_limit", Schema::Whole).example("pids_limit: 100"),
    field("platform", TEXT).example("platform: linux/amd64"),
    field("ports", Schema::List(&PORT, Unique::By(ports::identity))).example("ports: [\"8080:80\"]"),
    field("post_start", Schema::List(&HOOK, Unique::No)),
    field("pre_start", Schema::List(&PRE_START, Unique::No)),
    field("pre_stop", Schema::List(&HOOK, Unique::No)),
    field("privileged", BOOL),
    field("profiles", KEYED_TEXTS).example("profiles: [debug]"),
    field("provider", PROVIDER).example("provider: { type: awesomecloud }"),
    field(
        "pull_policy",
        Schema::Form(
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
    field("secrets", Schema::List(&FILE_MOUNT, Unique::By(secret_target))).example("secrets: [token]"),
    field("security_opt", TEXTS).example("security_opt: [\"no-new-privileges:true\"]"),
    field("shm_size", Schema::Bytes),
    field("stdin_open", BOOL),
    field("stop_grace_period", Schema::Duration),
    field("stop_signal", TEXT).example("stop_signal: SIGTERM"),
    field("storage_opt", Schema::Free(&Schema::Loose)),
    field("sysctls", DICT),
    field("tmpfs", Schema::OneOrMore(&TEXT, Unique::By(before_equals))).example("tmpfs: /run"),
    field("tty", BOOL),
    field("ulimits", ULIMITS),
    field("use_api_socket", BOOL),
    field("user", TEXT).example("user: \"1000:1000\""),
    field("userns_mode", TEXT),
    field("uts", TEXT),
    field("volumes", Schema::List(&MOUNT, Unique::By(mounts::identity))).example("volumes: [\"data:/var/lib/data\"]"),
    field("volumes_from", TEXTS),
    field("working_dir", TEXT).example("working_dir: /app"),
];

const BUILD: Schema = Schema::Short(
    entries::build,
    &Schema::Map(&[
        field("additional_contexts", Schema::Dict(NoValue::Refused)).example("additional_contexts: { base: ./base }"),
        field("args", VARIABLES),
        field("cache_from", Schema::List(&TEXT, Unique::No)),
        field("cache_to", Schema::List(&TEXT, Unique::No)),
        field("context", TEXT).example("context: ./web"),
        field("dockerfile", TEXT).example("dockerfile: Dockerfile"),
        field("dockerfile_inline", TEXT),
        field("entitlements", Schema::List(&TEXT, Unique::No)),
        field("extra_hosts", Schema::Hosts),
        field("isolation", TEXT),
        field("labels", DICT),
        field("network", TEXT),
        field("no_cache", BOOL),
        field("no_cache_filter", ONE_OR_MORE),
        field("platforms", Schema::List(&TEXT, Unique::No)).example("platforms: [linux/amd64]"),
        field("privileged", BOOL),
        field("provenance", Schema::LooseValue),
        field("pull", BOOL),
        field("sbom", Schema::LooseValue),
        field("secrets", FILE_MOUNTS).example("secrets: [token]"),
        field("shm_size", Schema::Bytes),
        field("ssh", VARIABLES).example("ssh: [default]"),
        field("tags", KEYED_TEXTS).example("tags: [\"me/web:1\"]"),
        field("target", TEXT),
        field("ulimits", ULIMITS),
    ]),
);

const BLKIO: Schema = Schema::Map(&[
    field("device_read_bps", RATES),
    field("device_read_iops", RATES),
    field("device_write_bps", RATES),
    field("device_write_iops", RATES),
    field("weight", Schema::Int(0, 65_535)),
    field(
        "weight_device",
        Schema::List(&Schema::Map(&[field("path", TEXT), field("weight", Schema::Int(0, 65_535))]), Unique::No),
    ),
]);
const RATES: Schema = Schema::List(&Schema::Map(&[field("path", TEXT), field("rate", Schema::Bytes)]), Unique::No);

const DEPENDENCY: Schema = Schema::Map(&[
    field("condition", Schema::Word(&["service_started", "service_healthy", "service_completed_successfully"]))
        .required(),
    field("required", BOOL),
    field("restart", BOOL),
]);

const DEVICE: Schema = Schema::Short(
    entries::device,
    &Schema::Map(&[
        field("source", TEXT).required().example("source: /dev/ttyUSB0"),
        field("target", TEXT),
        field("permissions", TEXT),
    ]),
);

const ENV_FILE: Schema = Schema::Short(
    entries::env_file,
    &Schema::Map(&[
        field("path", TEXT).required().example("path: ./web.env"),
        field("format", TEXT),
        field("required", BOOL),
    ]),
);

const EXTENDS: Schema = Schema::Short(
    entries::extends,
    &Schema::Map(&[field("service", TEXT).required().example("service: base"), field("file", TEXT)]),
);

const HEALTHCHECK: Schema = Schema::Map(&[
    field("disable", BOOL),
    field("interval", Schema::Duration),
    field("retries", COUNT),
    field(
        "test",
        Schema::Merged(Rule::Replace, &Schema::Short(entries::health_test, &Schema::List(&TEXT, Unique::No))),
    )
    .example("test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]"),
    field("timeout", Schema::Duration),
    field("start_period", Schema::Duration),
    field("start_interval", Schema::Duration),
]);

const LOGGING: Schema = Schema::Merged(
    Rule::SameDriver,
    &Schema::Map(&[field("driver", TEXT), field("options", Schema::Free(&Schema::OrNull(&Schema::TextOrNumber)))]),
);

const MODEL: Schema = Schema::OrNull(&Schema::Map(&[field("endpoint_var", TEXT), field("model_var", TEXT)]));

const NETWORK: Schema = Schema::OrNull(&Schema::Map(&[
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

const PRE_START: Schema = Schema::Map(&[
    field("command", Schema::Words),
    field("image", TEXT),
    field("user", TEXT),
    field("privileged", BOOL),
    field("working_dir", TEXT),
    field("environment", VARIABLES),
    field("per_replica", BOOL),
]);

const PORT: Schema = Schema::ShortNumber(
    ports::expand,
    &Schema::Map(&[
        field("name", TEXT),
        field("mode", TEXT),
        field("host_ip", TEXT),
        field("target", Schema::Int(0, 65_535)).required().example("target: 80"),
        field("published", Schema::FormOrNumber(published, "a port or a range of ports"))
            .example("published: \"8080\""),
        field("protocol", TEXT),
        field("app_protocol", TEXT),
    ]),
);

const EXPOSED: Schema =
    Schema::FormOrNumber(exposed, "a port or a range of ports, like `8080`, `53/udp` or `8000-8010`");

const PROVIDER: Schema = Schema::Map(&[
    field("type", TEXT).required(),
    field(
        "options",
        Schema::Free(&Schema::ScalarOr(&Schema::LooseValue, &Schema::List(&Schema::LooseValue, Unique::No))),
    ),
]);

const MOUNT: Schema = Schema::Short(
    mounts::expand,
    &Schema::Map(&[
        field("type", Schema::Word(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])).required(),
        field("source", TEXT),
        field("target", TEXT),
        field("read_only", BOOL),
        field("consistency", TEXT),
        field(
            "bind",
            Schema::Map(&[
                field("propagation", TEXT),
                field("create_host_path", BOOL),
                field("recursive", Schema::Word(&["enabled", "disabled", "writable", "readonly"])),
                field("selinux", Schema::Word(&["z", "Z"])),
            ]),
        ),
        field("volume", Schema::Map(&[field("labels", DICT), field("nocopy", BOOL), field("subpath", TEXT)])),
        field("tmpfs", Schema::Map(&[field("size", Schema::Bytes), field("mode", Schema::Mode)])),
        field("image", Schema::Map(&[field("subpath", TEXT)])),
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
    // The engine demands this of the whole name; the reference implementation demands it of two characters in it.
    text.as_bytes().windows(2).any(|pair| {
        pair[0].is_ascii_alphanumeric() && (pair[1].is_ascii_alphanumeric() || matches!(pair[1], b'_' | b'.' | b'-'))
    })
}

fn published(text: &str) -> bool {
    text.is_empty() || text.parse::<PortRange>().is_ok()
}

fn exposed(text: &str) -> bool {
    text.parse::<ExposedPorts>().is_ok()
}

fn pull_policy(text: &str) -> bool {
    text.parse::<PullPolicy>().is_ok()
}
