//! The text whose hash tells docker compose whether a container is up to date: a service as Go's `encoding/json` writes
//! the structs of compose-go 2.9, the library of docker compose 2.40.

use serde_json::{Map, Number, Value};

use crate::model::Service;

impl Service {
    /// The text whose SHA-256 is docker compose 2.40's hash of the service, as `docker compose config --hash` prints it.
    ///
    /// The hash on a container differs where the service refers to another one: docker compose then replaces the other
    /// service's name with its container's identifier.
    pub fn docker_compose_json(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(service) = &mut value {
            adapt(service, self);
        }
        let mut out = String::new();
        object(&value, SERVICE, &mut out);
        out
    }
}

/// A struct's fields in Go's order, those with one rule together.
type Fields = &'static [(Rule, &'static [&'static str])];

/// How a field is written.
enum Rule {
    /// As it is; not at all if it is empty, 0 or false.
    Filled,
    /// A number that is written as text.
    Bytes,
    /// A length of time; not at all if it is 0.
    Length,
    /// As it is, if it is set: it is a pointer.
    Set,
    /// As it is; `null` if it is not set.
    Always,
    /// As it is, under its name with a capital letter: the struct names no key.
    Capitalised,
    /// Plain values by sorted keys.
    Map,
    /// Structs by sorted keys.
    MapOf(Fields),
    /// Structs in order.
    ListOf(Fields),
    /// A struct, if it is set.
    Struct(Fields),
    /// A struct, also if it is not set.
    Embedded(Fields),
}

use Rule::{Always, Bytes, Capitalised, Embedded, Filled, Length, ListOf, MapOf, Set, Struct};

/// `build`, `depends_on`, `profiles`, `pull_policy` and `scale` are not hashed.
const SERVICE: Fields = &[
    (Rule::Map, &["annotations"]),
    (Set, &["attach"]),
    (Struct(DEVELOP), &["develop"]),
    (Struct(BLKIO), &["blkio_config"]),
    (
        Filled,
        &["cap_add", "cap_drop", "cgroup_parent", "cgroup", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota"],
    ),
    (Filled, &["cpu_rt_period", "cpu_rt_runtime", "cpus", "cpuset", "cpu_shares"]),
    (Always, &["command"]),
    (ListOf(FILE_MOUNT), &["configs"]),
    (Filled, &["container_name"]),
    (Struct(&[(Filled, &["config", "file", "registry"])]), &["credential_spec"]),
    (Struct(DEPLOY), &["deploy"]),
    (Filled, &["device_cgroup_rules"]),
    (ListOf(&[(Filled, &["source", "target", "permissions"])]), &["devices"]),
    (Filled, &["dns", "dns_opt", "dns_search", "domainname"]),
    (Always, &["entrypoint"]),
    (Struct(&[(Filled, &["type"]), (Rule::Map, &["options"])]), &["provider"]),
    (Rule::Map, &["environment"]),
    (ListOf(&[(Filled, &["path"]), (Always, &["required"]), (Filled, &["format"])]), &["env_file"]),
    (Filled, &["expose", "external_links", "extra_hosts", "group_add"]),
    (ListOf(DEVICE_REQUEST), &["gpus"]),
    (Filled, &["hostname"]),
    (Struct(HEALTHCHECK), &["healthcheck"]),
    (Filled, &["image"]),
    (Set, &["init"]),
    (Filled, &["ipc", "isolation"]),
    (Rule::Map, &["labels"]),
    (Filled, &["label_file", "links"]),
    (Struct(&[(Filled, &["driver"]), (Rule::Map, &["options"])]), &["logging"]),
    (Bytes, &["mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness"]),
    (Filled, &["mac_address"]),
    (MapOf(&[(Filled, &["endpoint_var", "model_var"])]), &["models"]),
    (Filled, &["network_mode"]),
    (MapOf(NETWORK), &["networks"]),
    (Filled, &["oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "platform"]),
    (ListOf(PORT), &["ports"]),
    (Filled, &["privileged", "read_only", "restart", "runtime"]),
    (ListOf(FILE_MOUNT), &["secrets"]),
    (Filled, &["security_opt"]),
    (Bytes, &["shm_size"]),
    (Filled, &["stdin_open"]),
    (Set, &["stop_grace_period"]),
    (Filled, &["stop_signal"]),
    (Rule::Map, &["storage_opt", "sysctls"]),
    (Filled, &["tmpfs", "tty"]),
    (MapOf(&[(Filled, &["soft", "hard"])]), &["ulimits"]),
    (Filled, &["use_api_socket", "user", "userns_mode", "uts"]),
    (ListOf(MOUNT), &["volumes"]),
    (Filled, &["volumes_from", "working_dir"]),
    (ListOf(HOOK), &["pre_start", "post_start", "pre_stop"]),
];

const DEVELOP: Fields = &[(ListOf(TRIGGER), &["watch"])];
const TRIGGER: Fields = &[
    (Always, &["path", "action"]),
    (Filled, &["target"]),
    (Embedded(HOOK), &["exec"]),
    (Filled, &["include", "ignore", "initial_sync"]),
];
const HOOK: Fields = &[
    (Always, &["command"]),
    (Filled, &["image", "user", "privileged", "working_dir"]),
    (Rule::Map, &["environment"]),
    (Filled, &["per_replica"]),
];

const BLKIO: Fields = &[
    (Filled, &["weight"]),
    (ListOf(&[(Capitalised, &["path", "weight"])]), &["weight_device"]),
    (
        ListOf(&[(Capitalised, &["path", "rate"])]),
        &["device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"],
    ),
];

/// `replicas` is not hashed.
const DEPLOY: Fields = &[
    (Filled, &["mode"]),
    (Rule::Map, &["labels"]),
    (Struct(UPDATE), &["update_config", "rollback_config"]),
    (Embedded(&[(Struct(RESOURCES), &["limits", "reservations"])]), &["resources"]),
    (Struct(&[(Filled, &["condition"]), (Set, &["delay", "max_attempts", "window"])]), &["restart_policy"]),
    (Embedded(PLACEMENT), &["placement"]),
    (Filled, &["endpoint_mode"]),
];
const UPDATE: Fields = &[
    (Set, &["parallelism"]),
    (Length, &["delay"]),
    (Filled, &["failure_action"]),
    (Length, &["monitor"]),
    (Filled, &["max_failure_ratio", "order"]),
];
const RESOURCES: Fields = &[
    (Filled, &["cpus"]),
    (Bytes, &["memory"]),
    (Filled, &["pids"]),
    (ListOf(DEVICE_REQUEST), &["devices"]),
    (ListOf(&[(Struct(&[(Always, &["kind", "value"])]), &["discrete_resource_spec"])]), &["generic_resources"]),
];
const PLACEMENT: Fields = &[
    (Filled, &["constraints"]),
    (ListOf(&[(Filled, &["spread"])]), &["preferences"]),
    (Filled, &["max_replicas_per_node"]),
];

const DEVICE_REQUEST: Fields =
    &[(Filled, &["capabilities", "driver", "count", "device_ids"]), (Rule::Map, &["options"])];
const FILE_MOUNT: Fields = &[(Filled, &["source", "target", "uid", "gid"]), (Set, &["mode"])];
const HEALTHCHECK: Fields = &[
    (Filled, &["test"]),
    (Set, &["timeout", "interval", "retries", "start_period", "start_interval"]),
    (Filled, &["disable"]),
];
const NETWORK: Fields = &[
    (Filled, &["aliases"]),
    (Rule::Map, &["driver_opts"]),
    (Filled, &["gw_priority", "interface_name", "ipv4_address", "ipv6_address", "link_local_ips", "mac_address"]),
    (Filled, &["priority"]),
];
const PORT: Fields = &[(Filled, &["name", "mode", "host_ip", "target", "published", "protocol", "app_protocol"])];
const MOUNT: Fields = &[
    (Filled, &["type", "source", "target", "read_only", "consistency"]),
    (Struct(&[(Filled, &["selinux", "propagation", "create_host_path", "recursive"])]), &["bind"]),
    (Struct(&[(Rule::Map, &["labels"]), (Filled, &["nocopy", "subpath"])]), &["volume"]),
    (Struct(&[(Bytes, &["size"]), (Filled, &["mode"])]), &["tmpfs"]),
    (Struct(&[(Filled, &["subpath"])]), &["image"]),
];

/// Gives what Go marshals in a way of its own that form.
fn adapt(service: &mut Map<String, Value>, model: &Service) {
    if !model.labels_from.is_empty() {
        service.insert("label_file".to_owned(), Value::from(model.labels_from.clone()));
    }
    if let Some(hosts) = service.get_mut("extra_hosts").and_then(Value::as_array_mut) {
        hosts.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    }
    // A file that must exist is its path alone.
    for file in service.get_mut("env_file").and_then(Value::as_array_mut).into_iter().flatten() {
        if file.get("required").is_some_and(|required| *required == Value::Bool(true)) {
            *file = file.get("path").cloned().unwrap_or_default();
        }
    }
    // The short form of a path with at most one letter is not taken apart.
    for mount in service.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        let target = mount.get("target").and_then(Value::as_str).unwrap_or_default();
        let short = target.len() <= 2 && mount.get("source").is_none();
        if let Some(map) = mount.as_object_mut()
            && short
            && map.get("volume").and_then(Value::as_object).is_some_and(Map::is_empty)
        {
            map.shift_remove("volume");
        }
    }
    // A limit of 0 is taken for none.
    for limit in service.get_mut("ulimits").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        if limit.as_i64() == Some(0) {
            *limit = Value::Object(Map::new());
        }
    }
}

/// Writes the struct; what is not an object is written as it is.
fn object(value: &Value, fields: Fields, out: &mut String) {
    let Value::Object(map) = value else { return plain(value, out) };
    let mut separator = "{";
    for (rule, keys) in fields {
        for key in *keys {
            let value = map.get(*key);
            if is_left_out(rule, value) {
                continue;
            }
            out.push_str(separator);
            separator = ",";
            match rule {
                Capitalised => text(&format!("{}{}", key[..1].to_uppercase(), &key[1..]), out),
                _ => text(key, out),
            }
            out.push(':');
            field(value.unwrap_or(&Value::Null), rule, out);
        }
    }
    if separator == "{" {
        out.push('{');
    }
    out.push('}');
}

fn is_left_out(rule: &Rule, value: Option<&Value>) -> bool {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return !matches!(rule, Always | Capitalised | Embedded(_));
    };
    match rule {
        Always | Capitalised | Set | Struct(_) | Embedded(_) => false,
        Bytes => value.as_str() == Some("0"),
        Length => value.as_str() == Some("0s"),
        Filled | Rule::Map | MapOf(_) | ListOf(_) => match value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
        },
    }
}

fn field(value: &Value, rule: &Rule, out: &mut String) {
    match (rule, value) {
        (Struct(fields), value) => object(value, fields, out),
        (Embedded(fields), Value::Null) => object(&Value::Object(Map::new()), fields, out),
        (Embedded(fields), value) => object(value, fields, out),
        (ListOf(fields), Value::Array(list)) => {
            let mut separator = "[";
            for value in list {
                out.push_str(separator);
                separator = ",";
                object(value, fields, out);
            }
            out.push(']');
        }
        (MapOf(fields), Value::Object(map)) => sorted(map, out, |value, out| object(value, fields, out)),
        // A rate, which is text.
        (Capitalised, Value::Null) => text("0", out),
        (_, value) => plain(value, out),
    }
}

fn sorted(map: &Map<String, Value>, out: &mut String, write: impl Fn(&Value, &mut String)) {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_unstable_by_key(|(key, _)| key.as_str());
    let mut separator = "{";
    for (key, value) in pairs {
        out.push_str(separator);
        separator = ",";
        text(key, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}

fn plain(value: &Value, out: &mut String) {
    match value {
        Value::String(string) => text(string, out),
        Value::Number(value) => number(value, out),
        Value::Array(list) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                plain(value, out);
            }
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => sorted(map, out, plain),
        value => out.push_str(&value.to_string()),
    }
}

/// Fractions are 32-bit numbers there, with an exponent where they are very small or large.
fn number(number: &Number, out: &mut String) {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else { return out.push_str(&number.to_string()) };
    let value = value as f32;
    let exponent = value != 0.0 && !(1e-6..1e21).contains(&value.abs());
    match exponent {
        true => out.push_str(&format!("{value:e}").replace('e', if value.abs() < 1.0 { "e" } else { "e+" })),
        false => out.push_str(&value.to_string()),
    }
}

/// Go escapes what HTML and JavaScript do not take, too.
fn text(text: &str, out: &mut String) {
    for c in Value::from(text).to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, Passes, Project};

    /// The text for a service with these keys.
    fn json(keys: &str) -> String {
        let text = format!("services:\n  web: {{image: x, {keys}}}\nvolumes: {{data: }}\n");
        let passes = Passes { read_env_files: false, ..Passes::default() };
        let project = Project::load_by(&Options::from_text(&text), passes).expect("the project can be loaded").project;
        project.services["web"].docker_compose_json()
    }

    #[test]
    fn fields_have_the_order_of_the_struct_and_maps_that_of_their_keys() {
        insta::assert_snapshot!(json("environment: {B: '1', A: }, command: [a], annotations: {z: y}, user: '0'"),
            @r#"{"annotations":{"z":"y"},"command":["a"],"entrypoint":null,"environment":{"A":null,"B":"1"},"image":"x","networks":{"default":null},"user":"0"}"#);
        insta::assert_snapshot!(json("volumes: ['data:/d:ro', /v, /vv], ulimits: {nproc: 5, core: 0, nofile: {soft: 0, hard: 9}}, shm_size: 1m"),
            @r#"{"command":null,"entrypoint":null,"image":"x","networks":{"default":null},"shm_size":"1048576","ulimits":{"core":{},"nofile":{"hard":9},"nproc":5},"volumes":[{"type":"volume","source":"data","target":"/d","read_only":true,"volume":{}},{"type":"volume","target":"/v"},{"type":"volume","target":"/vv","volume":{}}]}"#);
    }

    #[test]
    fn what_is_a_pointer_is_written_though_it_is_zero() {
        insta::assert_snapshot!(json("attach: false, tty: false, logging: {}, stop_grace_period: 0s, healthcheck: {retries: 0}"),
            @r#"{"attach":false,"command":null,"entrypoint":null,"healthcheck":{"retries":0},"image":"x","logging":{},"networks":{"default":null},"stop_grace_period":"0s"}"#);
        insta::assert_snapshot!(json("deploy: {update_config: {delay: 0s, parallelism: 0}}"),
            @r#"{"command":null,"deploy":{"update_config":{"parallelism":0},"resources":{},"placement":{}},"entrypoint":null,"image":"x","networks":{"default":null}}"#);
    }

    #[test]
    fn some_things_are_marshalled_in_a_way_of_their_own() {
        insta::assert_snapshot!(json("extra_hosts: ['b:1.1.1.1', 'a:2.2.2.2'], env_file: [{path: /a, required: false}, /b]"),
            @r#"{"command":null,"entrypoint":null,"env_file":[{"path":"/a","required":false},"/b"],"extra_hosts":["a=2.2.2.2","b=1.1.1.1"],"image":"x","networks":{"default":null}}"#);
        insta::assert_snapshot!(json("blkio_config: {weight_device: [{path: /d, weight: 10}], device_read_bps: [{path: /d, rate: 1k}]}"),
            @r#"{"blkio_config":{"weight_device":[{"Path":"/d","Weight":10}],"device_read_bps":[{"Path":"/d","Rate":"1024"}]},"command":null,"entrypoint":null,"image":"x","networks":{"default":null}}"#);
    }

    #[test]
    fn numbers_have_32_bits_and_html_is_escaped() {
        let cpus = |number: &str| {
            let text = json(&format!("cpus: {number}"));
            let rest = text.split_once("\"cpus\":").map_or("", |(_, rest)| rest).to_owned();
            rest.split(',').next().unwrap_or_default().to_owned()
        };
        assert_eq!(
            ["0.1", "1.333333333", "16777217", "2.0", "0.0000001"].map(cpus),
            ["0.1", "1.3333334", "16777216", "2", "1e-7"]
        );
        assert!(json("labels: {a: '<b>&'}").contains(r#""labels":{"a":"\u003cb\u003e\u0026"}"#));
    }

    #[test]
    fn what_shapes_no_container_is_left_out() {
        let plain = json("tty: false");
        for keys in ["scale: 2", "build: .", "pull_policy: always", "profiles: []", "x-note: a", "depends_on: []"] {
            assert_eq!(json(keys), plain, "{keys}");
        }
    }
}
