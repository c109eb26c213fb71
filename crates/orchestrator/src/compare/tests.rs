//! Inspections as engines answer them, compared with requests as they are made here.

use serde_json::{Value, json};
use wharf_compose::{Options, Project};
use wharf_docker::ApiVersion;

use super::{EngineDefaults, Found, Wanted, differences};
use crate::request::{NO_OWNERS, Replica, create_body, further_networks};

/// What differs from the plain container: paths and their values.
type Changes<'a> = &'a [(&'a str, Value)];

const ID: &str = "4f0c000000000000000000000000000000000000000000000000000000000000";
const ANONYMOUS: &str = "a11c000000000000000000000000000000000000000000000000000000000000";

/// What is asked for by a service with these keys.
fn wanted(keys: &str) -> Wanted {
    let text = format!(
        "name: shop\nservices:\n  web: {{image: x, {keys}}}\n  db: {{image: x}}\nvolumes: {{data: }}\nnetworks: {{back: }}\n"
    );
    let project = Project::load(&Options::from_text(&text)).expect("the project can be loaded").project;
    let service = &project.services["web"];
    let replica = Replica {
        project: &project,
        name: "web",
        service,
        number: 1,
        image_id: Some("sha256:1"),
        inherited: &[],
        owners: &NO_OWNERS,
        replaces: false,
    };
    Wanted {
        names: vec!["shop-web-1".to_owned(), "shop_web_1".to_owned()],
        body: create_body(&replica, ApiVersion { major: 1, minor: 51 }),
        further_networks: further_networks(&replica),
        copies_files: false,
    }
}

/// A container of `image: x` that docker-compose 1.29 made on an engine 20.10, with changes: a path and its value.
fn found(changes: Changes<'_>) -> Found {
    let mut container = json!({
        "Id": ID, "Name": "/shop_web_1",
        "Config": {
            "Hostname": "4f0c00000000", "Env": ["PATH=/bin", "A=image"], "Cmd": ["serve"], "Image": "x",
            "Entrypoint": ["/start"], "WorkingDir": "/srv", "User": "1000", "Volumes": { "/declared": {} },
            "ExposedPorts": { "80/tcp": {} },
            "Labels": { "from": "image", "com.docker.compose.config-hash": "0123", "com.docker.compose.version": "1.29.2" },
            "Healthcheck": { "Test": ["CMD", "check"], "Interval": 1_000_000_000_i64 },
            "StopSignal": "SIGQUIT"
        },
        "HostConfig": {
            "Binds": [], "LogConfig": { "Type": "json-file", "Config": {} }, "NetworkMode": "shop_default",
            "PortBindings": {}, "RestartPolicy": { "Name": "", "MaximumRetryCount": 0 }, "VolumesFrom": [],
            "CgroupnsMode": "host", "Dns": null, "IpcMode": "private", "ShmSize": 67_108_864, "Runtime": "runc",
            "ConsoleSize": [0, 0], "MaskedPaths": ["/proc/acpi"], "ReadonlyPaths": ["/proc/bus"], "PidsLimit": null,
            "OomKillDisable": false, "MemorySwappiness": null
        },
        "NetworkSettings": { "Networks": { "shop_default": {
            "IPAMConfig": {}, "Links": null, "Aliases": ["4f0c00000000", "web"], "NetworkID": "n", "MacAddress": "02:42:ac:12:00:02"
        } } }
    });
    for (path, value) in changes {
        let (parent, key) = path.rsplit_once('/').expect("a path has a key");
        let parent = container.pointer_mut(&format!("/{parent}")).and_then(Value::as_object_mut);
        parent.expect("the path exists").insert((*key).replace("~1", "/"), value.clone());
    }
    let image = json!({
        "Env": ["PATH=/bin", "A=image"], "Cmd": ["serve"], "Entrypoint": ["/start"], "WorkingDir": "/srv", "User": "1000",
        "Volumes": { "/declared": {} }, "ExposedPorts": { "80/tcp": {} }, "Labels": { "from": "image" },
        "Healthcheck": { "Test": ["CMD", "check"], "Interval": 1_000_000_000_i64 }, "StopSignal": "SIGQUIT"
    });
    Found {
        container: serde_json::from_value(container).expect("an inspection"),
        image: serde_json::from_value(image).expect("an image's settings"),
        engine: EngineDefaults {
            logging_driver: Some("json-file".to_owned()),
            runtime: Some("runc".to_owned()),
            cgroup_namespace: "host",
        },
    }
}

fn compared(keys: &str, changes: Changes<'_>) -> Vec<String> {
    differences(&found(changes), &wanted(keys))
}

#[test]
fn defaults_of_the_engine_and_of_the_image_are_no_differences() {
    assert_eq!(compared("tty: false", &[]), Vec::<String>::new());
}

/// Each key alone differs from the plain container in one setting, and not from a container that has it.
#[test]
fn a_setting_that_differs_is_named_and_one_that_is_there_is_kept() {
    let cases: &[(&str, Changes<'_>, &str)] = &[
        ("environment: {A: mine}", &[("Config/Env", json!(["A=mine", "PATH=/bin"]))], "Env"),
        ("environment: {B: '1'}", &[("Config/Env", json!(["B=1", "PATH=/bin", "A=image"]))], "Env"),
        ("command: [other]", &[("Config/Cmd", json!(["other"]))], "Cmd"),
        ("user: '0'", &[("Config/User", json!("0"))], "User"),
        ("working_dir: /tmp/", &[("Config/WorkingDir", json!("/tmp"))], "WorkingDir"),
        ("hostname: box", &[("Config/Hostname", json!("box"))], "Hostname"),
        ("tty: true", &[("Config/Tty", json!(true))], "Tty"),
        ("stop_grace_period: 3s", &[("Config/StopTimeout", json!(3))], "StopTimeout"),
        ("stop_signal: SIGINT", &[("Config/StopSignal", json!("SIGINT"))], "StopSignal"),
        ("expose: ['90-91']", &[("Config/ExposedPorts", json!({"80/tcp": {}, "90-91": {}}))], "ExposedPorts"),
        ("labels: {a: b}", &[("Config/Labels", json!({"from": "image", "a": "b"}))], "Labels"),
        (
            "healthcheck: {retries: 3}",
            &[("Config/Healthcheck", json!({"Test": ["CMD", "check"], "Interval": 1_000_000_000_i64, "Retries": 3}))],
            "Healthcheck",
        ),
        ("restart: always", &[("HostConfig/RestartPolicy", json!({"Name": "always"}))], "HostConfig.RestartPolicy"),
        (
            "mem_limit: 64m",
            &[("HostConfig/Memory", json!(67_108_864)), ("HostConfig/MemorySwap", json!(134_217_728))],
            "HostConfig.Memory",
        ),
        ("cpus: 0.3", &[("HostConfig/NanoCpus", json!(300_000_012))], "HostConfig.NanoCpus"),
        ("cap_add: [NET_ADMIN]", &[("HostConfig/CapAdd", json!(["CAP_NET_ADMIN"]))], "HostConfig.CapAdd"),
        ("dns: [8.8.8.8]", &[("HostConfig/Dns", json!(["8.8.8.8"]))], "HostConfig.Dns"),
        ("shm_size: 1m", &[("HostConfig/ShmSize", json!(1_048_576))], "HostConfig.ShmSize"),
        (
            "logging: {driver: local}",
            &[("HostConfig/LogConfig", json!({"Type": "local", "Config": {}}))],
            "HostConfig.LogConfig",
        ),
        (
            "ports: ['127.0.0.1:81:80']",
            &[("HostConfig/PortBindings", json!({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "81"}]}))],
            "HostConfig.PortBindings",
        ),
        ("volumes: ['data:/d']", &[("HostConfig/Binds", json!(["shop_data:/d:rw"]))], "the mount at /d"),
        ("volumes: ['/srv:/d:ro']", &[("HostConfig/Binds", json!(["/srv:/d:ro"]))], "the mount at /d"),
        (
            "volumes: [/anonymous]",
            &[("Config/Volumes", json!({"/declared": {}, "/anonymous": {}}))],
            "the mount at /anonymous",
        ),
        ("tmpfs: ['/t:size=1m']", &[("HostConfig/Tmpfs", json!({"/t": "size=1m"}))], "the mount at /t"),
        (
            "networks: {default: {aliases: [shop]}}",
            &[(
                "NetworkSettings/Networks",
                json!({"shop_default": {"Aliases": ["shop", "web", "4f0c00000000", "shop_web_1"]}}),
            )],
            "the network shop_default",
        ),
    ];
    for (keys, changes, setting) in cases {
        assert_eq!(compared(keys, changes), Vec::<String>::new(), "{keys}: it is there");
        assert_eq!(compared(keys, &[]), [*setting], "{keys}: it is missing");
        assert!(compared("tty: false", changes).contains(&(*setting).to_owned()), "{keys}: it is no longer asked for");
    }
}

#[test]
fn volumes_that_a_container_took_over_are_its_anonymous_volumes() {
    let binds = json!([format!("{ANONYMOUS}:/declared:rw"), format!("{ANONYMOUS}:/anonymous:rw")]);
    assert_eq!(compared("volumes: [/anonymous]", &[("HostConfig/Binds", binds)]), Vec::<String>::new());
    let named = json!(["shop_data:/declared:rw"]);
    assert_eq!(compared("tty: false", &[("HostConfig/Binds", named)]), ["the mount at /declared"]);
}

#[test]
fn the_order_of_networks_is_not_compared_and_their_number_is() {
    let both = json!({"shop_default": {"Aliases": ["web"]}, "shop_back": {"Aliases": ["web"]}});
    let joined = ("NetworkSettings/Networks", both);
    assert_eq!(compared("networks: [default, back]", std::slice::from_ref(&joined)), Vec::<String>::new());
    assert_eq!(compared("tty: false", std::slice::from_ref(&joined)), ["the network shop_back"]);
    assert_eq!(compared("networks: [default, back]", &[]), ["the network shop_back"]);
}

#[test]
fn options_that_the_engine_adds_to_its_own_log_driver_are_no_difference() {
    let log = |options: Value| ("HostConfig/LogConfig", json!({"Type": "json-file", "Config": options}));
    let added = log(json!({"max-size": "10m", "max-file": "3"}));
    assert_eq!(compared("tty: false", std::slice::from_ref(&added)), Vec::<String>::new());
    let asks = |size: &str| format!("logging: {{options: {{max-size: {size}}}}}");
    assert_eq!(compared(&asks("10m"), std::slice::from_ref(&added)), Vec::<String>::new());
    assert_eq!(compared(&asks("1m"), std::slice::from_ref(&added)), ["HostConfig.LogConfig"]);
}

#[test]
fn what_an_inspection_does_not_show_differs() {
    let copies = Wanted { copies_files: true, ..wanted("tty: false") };
    assert_eq!(differences(&found(&[]), &copies), ["the content of secrets and configs"]);
    let renamed = Wanted { names: vec!["fixed".to_owned()], ..wanted("tty: false") };
    assert_eq!(differences(&found(&[]), &renamed), ["Name"]);
}
