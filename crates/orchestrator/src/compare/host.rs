//! What a container has of its host: `HostConfig` of an inspection, apart from mounts and networks.

use bollard::models as api;
use serde_json::{Map, Value, json};

use super::value;
use super::{Found, Wanted, prune};
use crate::difference::Difference;

/// Compared as mounts and networks.
const ELSEWHERE: [&str; 4] = ["Binds", "Mounts", "Tmpfs", "NetworkMode"];

/// They follow from other settings, or speak of the terminal that a container was made from.
const DERIVED: [&str; 5] = ["MaskedPaths", "ReadonlyPaths", "ConsoleSize", "ContainerIDFile", "Cgroup"];

/// Lists whose order means nothing.
const SETS: [&str; 14] = [
    "CapAdd",
    "CapDrop",
    "ExtraHosts",
    "GroupAdd",
    "Ulimits",
    "SecurityOpt",
    "Devices",
    "DeviceCgroupRules",
    "VolumesFrom",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
];

/// Other programs count CPUs in 32-bit numbers.
const PRECISION: f64 = 1e-6;

/// The keys of a service in the file, by the engine's. What is not here has the same words there (`CapAdd`, `cap_add`).
const KEYS: [(&str, &str); 24] = [
    ("Annotations", "annotations"),
    ("CgroupnsMode", "cgroup"),
    ("CpuRealtimePeriod", "cpu_rt_period"),
    ("CpuRealtimeRuntime", "cpu_rt_runtime"),
    ("CpusetCpus", "cpuset"),
    ("DeviceRequests", "gpus"),
    ("DnsOptions", "dns_opt"),
    ("IpcMode", "ipc"),
    ("LogConfig", "logging"),
    ("Memory", "mem_limit"),
    ("MemoryReservation", "mem_reservation"),
    ("MemorySwap", "memswap_limit"),
    ("MemorySwappiness", "mem_swappiness"),
    ("NanoCpus", "cpus"),
    ("PidMode", "pid"),
    ("PortBindings", "ports"),
    ("ReadonlyRootfs", "read_only"),
    ("RestartPolicy", "restart"),
    ("UTSMode", "uts"),
    ("UsernsMode", "userns_mode"),
    ("BlkioWeight", "blkio_config.weight"),
    ("BlkioWeightDevice", "blkio_config.weight_device"),
    ("BlkioDeviceReadBps", "blkio_config.device_read_bps"),
    ("BlkioDeviceWriteBps", "blkio_config.device_write_bps"),
];

pub(super) fn differences(found: &Found, wanted: &Wanted) -> Vec<Difference> {
    let mut is = settings(found.container.host_config.as_ref());
    let mut wants = settings(wanted.body.host_config.as_ref());
    forget_defaults(&mut is, &mut wants, found);
    if let (Some(was), Some(will)) = (number(&is, "NanoCpus"), number(&wants, "NanoCpus"))
        && (was - will).abs() <= will.abs() * PRECISION
    {
        is.insert("NanoCpus".to_owned(), wants["NanoCpus"].clone());
    }
    let mut keys: Vec<&String> = is.keys().chain(wants.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differing = keys.into_iter().filter(|key| is.get(*key) != wants.get(*key));
    differing
        .map(|key| {
            let shown = |settings: &Map<String, Value>| settings.get(key).map(|value| shown(key, value));
            let field = field(key);
            let field = wanted.deployed.get(field.as_str()).map_or(field, |deployed| (*deployed).to_owned());
            Difference::new(field, shown(&is), shown(&wants))
        })
        .collect()
}

/// The key in the file.
fn field(key: &str) -> String {
    if let Some((_, field)) = KEYS.iter().find(|(of_engine, _)| *of_engine == key) {
        return (*field).to_owned();
    }
    let mut field = String::new();
    for c in key.chars() {
        if c.is_ascii_uppercase() && !field.is_empty() {
            field.push('_');
        }
        field.push(c.to_ascii_lowercase());
    }
    field
}

/// A value as the file writes it.
fn shown(key: &str, value: &Value) -> String {
    // The engine's maps have no order.
    let mut value = value.clone();
    value.sort_all_objects();
    let value = &value;
    let word = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match key {
        "Memory" | "MemoryReservation" | "MemorySwap" | "ShmSize" => {
            value.as_i64().map_or_else(String::new, value::bytes)
        }
        "NanoCpus" => value.as_f64().map_or_else(String::new, |cpus| (cpus / 1e9).to_string()),
        "RestartPolicy" => match value.get("MaximumRetryCount") {
            Some(count) => format!("{}:{count}", word("Name")),
            None => word("Name").to_owned(),
        },
        "PortBindings" => ports(value),
        "LogConfig" => {
            let options = value.get("Config").map(|options| format!(" {}", value::json(options))).unwrap_or_default();
            format!("{}{options}", word("Type")).trim().to_owned()
        }
        _ => value::json(value),
    }
}

/// `127.0.0.1:8080:80, 53:53/udp`
fn ports(bindings: &Value) -> String {
    let mut all = Vec::new();
    for (target, bound) in bindings.as_object().into_iter().flatten() {
        let target = target.strip_suffix("/tcp").unwrap_or(target);
        for binding in bound.as_array().into_iter().flatten() {
            let part = |name: &str| binding.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            let parts = [part("HostIp"), part("HostPort"), Some(target)];
            all.push(parts.into_iter().flatten().collect::<Vec<_>>().join(":"));
        }
    }
    all.join(", ")
}

fn number(settings: &Map<String, Value>, key: &str) -> Option<f64> {
    settings.get(key).and_then(Value::as_f64)
}

/// The settings in one form, without what says nothing.
fn settings(config: Option<&api::HostConfig>) -> Map<String, Value> {
    let Ok(Value::Object(mut settings)) = serde_json::to_value(config.cloned().unwrap_or_default()) else {
        return Map::new();
    };
    for key in ELSEWHERE.iter().chain(&DERIVED) {
        settings.remove(*key);
    }
    for key in ["CapAdd", "CapDrop"] {
        texts(&mut settings, key, |capability| {
            let capability = capability.to_uppercase();
            capability.strip_prefix("CAP_").unwrap_or(&capability).to_owned()
        });
    }
    texts(&mut settings, "VolumesFrom", |from| from.strip_suffix(":rw").unwrap_or(from).to_owned());
    texts(&mut settings, "SecurityOpt", |option| match option.find([':', '=']) {
        Some(at) => format!("{}={}", &option[..at], &option[at + 1..]),
        None => option.to_owned(),
    });
    // No limit can be written in several ways.
    if number(&settings, "PidsLimit").is_some_and(|limit| limit <= 0.0) {
        settings.remove("PidsLimit");
    }
    let mut value = Value::Object(settings);
    prune(&mut value);
    let Value::Object(mut settings) = value else { return Map::new() };
    for key in SETS {
        if let Some(Value::Array(list)) = settings.get_mut(key) {
            list.sort_by_key(Value::to_string);
        }
    }
    for bindings in
        settings.get_mut("PortBindings").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        if let Value::Array(list) = bindings {
            list.sort_by_key(Value::to_string);
        }
    }
    settings
}

fn texts(settings: &mut Map<String, Value>, key: &str, change: impl Fn(&str) -> String) {
    for value in settings.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::String(text) = value {
            *text = change(text);
        }
    }
}

/// Takes out settings that both have or leave at the engine's default.
fn forget_defaults(is: &mut Map<String, Value>, wants: &mut Map<String, Value>, found: &Found) {
    let engine = &found.engine;
    let memory = wants.get("Memory").and_then(Value::as_i64);
    // Without support for a limit of swap, the engine takes it away.
    let swap = memory.map(|memory| vec![json!(memory.saturating_mul(2)), json!(-1)]).unwrap_or_default();
    let defaults = [
        ("RestartPolicy", vec![json!({ "Name": "no" })]),
        ("Runtime", vec![json!(engine.runtime)]),
        ("CgroupnsMode", vec![json!(engine.cgroup_namespace)]),
        ("IpcMode", vec![json!("private")]),
        ("ShmSize", vec![json!(64 << 20)]),
        ("Isolation", vec![json!("default")]),
        ("MemorySwap", swap),
        ("MemorySwappiness", vec![json!(-1)]),
    ];
    for (key, defaults) in defaults {
        let usual = |settings: &Map<String, Value>| settings.get(key).is_none_or(|value| defaults.contains(value));
        if usual(is) && usual(wants) {
            is.remove(key);
            wants.remove(key);
        }
    }
    if logs_by_default(is.get("LogConfig"), wants.get("LogConfig"), engine.logging_driver.as_deref()) {
        is.remove("LogConfig");
        wants.remove("LogConfig");
    }
    let unlabelled = ["PidMode", "IpcMode"].iter().any(|key| wants.get(*key) == Some(&json!("host")))
        || wants.contains_key("Privileged");
    if let Some(Value::Array(options)) = is.get_mut("SecurityOpt") {
        // The engine adds it where a container shares these with the host.
        let asked = wants.get("SecurityOpt").is_some_and(|wanted| wanted.to_string().contains("label"));
        options.retain(|option| asked || !unlabelled || option != "label=disable");
        if options.is_empty() {
            is.remove("SecurityOpt");
        }
    }
}

/// Whether both log by the engine's own driver, and the options asked for are there. The engine adds options of its own
/// configuration, which it does not tell.
fn logs_by_default(is: Option<&Value>, wants: Option<&Value>, driver: Option<&str>) -> bool {
    let by_default = |config: Option<&Value>| {
        let named = config.and_then(|config| config.get("Type")).and_then(Value::as_str);
        driver.is_some() && (named.is_none() || named == driver)
    };
    let options =
        |config: Option<&Value>| config.and_then(|config| config.get("Config")).and_then(Value::as_object).cloned();
    let (there, asked) = (options(is).unwrap_or_default(), options(wants).unwrap_or_default());
    by_default(is) && by_default(wants) && asked.iter().all(|(option, value)| there.get(option) == Some(value))
}
