//! Inspections as engines answer them, compared with requests as they are made here.

use serde_json::{Value, json};
use wharf_compose::{Options, Project};
use wharf_docker::ApiVersion;

use super::{EngineDefaults, Found, Wanted, differences};
use crate::difference::Difference;
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
        volumes_of_image: &[],
        inherited: &[],
        owners: &NO_OWNERS,
        replaces: false,
    };
    Wanted {
        names: vec!["shop-web-1".to_owned(), "shop_web_1".to_owned()],
        body: create_body(&replica, ApiVersion { major: 1, minor: 51 }),
        further_networks: further_networks(&replica),
        copies_files: false,
        written: service.environment.keys().cloned().collect(),
        networks: project.networks.iter().map(|(key, network)| (network.name.clone(), key.clone())).collect(),
        deployed: Default::default(),
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

/// The fields that differ.
fn compared(keys: &str, changes: Changes<'_>) -> Vec<String> {
    fields(&differences(&found(changes), &wanted(keys)))
}

fn fields(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(|difference| difference.field.clone()).collect()
}

#[test]
fn defaults_of_the_engine_and_of_the_image_are_no_differences() {
    assert_eq!(compared("tty: false", &[]), Vec::<String>::new());
}

/// Each key alone differs from the plain container in one setting, and not from a container that has it.
#[test]
fn a_setting_that_differs_is_named_and_one_that_is_there_is_kept() {
    let cases: &[(&str, Changes<'_>, &str)] = &[
        ("environment: {A: mine}", &[("Config/Env", json!(["A=mine", "PATH=/bin"]))], "environment.A"),
        ("environment: {B: '1'}", &[("Config/Env", json!(["B=1", "PATH=/bin", "A=image"]))], "environment.B"),
        ("command: [other]", &[("Config/Cmd", json!(["other"]))], "command"),
        ("user: '0'", &[("Config/User", json!("0"))], "user"),
        ("working_dir: /tmp/", &[("Config/WorkingDir", json!("/tmp"))], "working_dir"),
        ("hostname: box", &[("Config/Hostname", json!("box"))], "hostname"),
        ("tty: true", &[("Config/Tty", json!(true))], "tty"),
        ("stop_grace_period: 3s", &[("Config/StopTimeout", json!(3))], "stop_grace_period"),
        ("stop_signal: SIGINT", &[("Config/StopSignal", json!("SIGINT"))], "stop_signal"),
        ("expose: ['90-91']", &[("Config/ExposedPorts", json!({"80/tcp": {}, "90-91": {}}))], "expose"),
        ("labels: {a: b}", &[("Config/Labels", json!({"from": "image", "a": "b"}))], "labels.a"),
        (
            "healthcheck: {retries: 3}",
            &[("Config/Healthcheck", json!({"Test": ["CMD", "check"], "Interval": 1_000_000_000_i64, "Retries": 3}))],
            "healthcheck.retries",
        ),
        ("restart: always", &[("HostConfig/RestartPolicy", json!({"Name": "always"}))], "restart"),
        (
            "mem_limit: 64m",
            &[("HostConfig/Memory", json!(67_108_864)), ("HostConfig/MemorySwap", json!(134_217_728))],
            "mem_limit",
        ),
        ("cpus: 0.3", &[("HostConfig/NanoCpus", json!(300_000_012))], "cpus"),
        ("cap_add: [NET_ADMIN]", &[("HostConfig/CapAdd", json!(["CAP_NET_ADMIN"]))], "cap_add"),
        ("dns: [8.8.8.8]", &[("HostConfig/Dns", json!(["8.8.8.8"]))], "dns"),
        ("shm_size: 1m", &[("HostConfig/ShmSize", json!(1_048_576))], "shm_size"),
        ("logging: {driver: local}", &[("HostConfig/LogConfig", json!({"Type": "local", "Config": {}}))], "logging"),
        (
            "ports: ['127.0.0.1:81:80']",
            &[("HostConfig/PortBindings", json!({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "81"}]}))],
            "ports",
        ),
        ("volumes: ['data:/d']", &[("HostConfig/Binds", json!(["shop_data:/d:rw"]))], "volumes[/d]"),
        ("volumes: ['/srv:/d:ro']", &[("HostConfig/Binds", json!(["/srv:/d:ro"]))], "volumes[/d]"),
        (
            "volumes: [/anonymous]",
            &[("Config/Volumes", json!({"/declared": {}, "/anonymous": {}}))],
            "volumes[/anonymous]",
        ),
        ("tmpfs: ['/t:size=1m']", &[("HostConfig/Tmpfs", json!({"/t": "size=1m"}))], "tmpfs[/t]"),
        (
            "networks: {default: {aliases: [shop]}}",
            &[(
                "NetworkSettings/Networks",
                json!({"shop_default": {"Aliases": ["shop", "web", "4f0c00000000", "shop_web_1"]}}),
            )],
            "networks.default.aliases",
        ),
    ];
    for (keys, changes, setting) in cases {
        assert_eq!(compared(keys, changes), Vec::<String>::new(), "{keys}: it is there");
        assert_eq!(compared(keys, &[]), [*setting], "{keys}: it is missing");
        assert!(compared("tty: false", changes).contains(&(*setting).to_owned()), "{keys}: it is no longer asked for");
    }
}

#[test]
fn a_host_name_that_the_engine_made_an_alias_is_no_difference() {
    let networks = json!({"shop_default": {"Aliases": ["web", "4f0c00000000", "counter"]}});
    let changes = [("Config/Hostname", json!("counter")), ("NetworkSettings/Networks", networks)];
    assert_eq!(compared("hostname: counter", &changes), Vec::<String>::new());
}

#[test]
fn volumes_that_a_container_took_over_are_its_anonymous_volumes() {
    let binds = json!([format!("{ANONYMOUS}:/declared:rw"), format!("{ANONYMOUS}:/anonymous:rw")]);
    assert_eq!(compared("volumes: [/anonymous]", &[("HostConfig/Binds", binds)]), Vec::<String>::new());
    let named = json!(["shop_data:/declared:rw"]);
    assert_eq!(compared("tty: false", &[("HostConfig/Binds", named)]), ["volumes[/declared]"]);
}

#[test]
fn what_docker_compose_1_notes_in_a_container_that_took_over_volumes_is_no_difference() {
    let environment = json!(["affinity:container==15963ecd2068", "PATH=/bin", "A=image"]);
    assert_eq!(compared("tty: false", &[("Config/Env", environment)]), Vec::<String>::new());
}

#[test]
fn the_order_of_networks_is_not_compared_and_their_number_is() {
    let both = json!({"shop_default": {"Aliases": ["web"]}, "shop_back": {"Aliases": ["web"]}});
    let joined = ("NetworkSettings/Networks", both);
    assert_eq!(compared("networks: [default, back]", std::slice::from_ref(&joined)), Vec::<String>::new());
    assert_eq!(compared("tty: false", std::slice::from_ref(&joined)), ["networks.back"]);
    assert_eq!(compared("networks: [default, back]", &[]), ["networks.back"]);
}

#[test]
fn options_that_the_engine_adds_to_its_own_log_driver_are_no_difference() {
    let log = |options: Value| ("HostConfig/LogConfig", json!({"Type": "json-file", "Config": options}));
    let added = log(json!({"max-size": "10m", "max-file": "3"}));
    assert_eq!(compared("tty: false", std::slice::from_ref(&added)), Vec::<String>::new());
    let asks = |size: &str| format!("logging: {{options: {{max-size: {size}}}}}");
    assert_eq!(compared(&asks("10m"), std::slice::from_ref(&added)), Vec::<String>::new());
    assert_eq!(compared(&asks("1m"), std::slice::from_ref(&added)), ["logging"]);
}

#[test]
fn what_an_inspection_does_not_show_differs() {
    let copies = Wanted { copies_files: true, ..wanted("tty: false") };
    assert_eq!(fields(&differences(&found(&[]), &copies)), ["content of secrets and configs"]);
    let renamed = Wanted { names: vec!["fixed".to_owned()], ..wanted("tty: false") };
    assert_eq!(fields(&differences(&found(&[]), &renamed)), ["container_name"]);
}

/// What is said about a container that was made from other settings.
#[test]
fn values_are_told_in_words_of_the_file() {
    let keys = "environment: {A: mine, DB_PASSWORD: geheim}, command: [sh, -c, 'echo a'], restart: 'on-failure:3', mem_limit: 64m,
        cpus: 0.5, ports: ['127.0.0.1:81:80', '53:53/udp'], volumes: ['data:/d:ro'], healthcheck: {interval: 90s}, user: '0',
        networks: {default: {aliases: [shop]}}, stop_grace_period: 1m, cap_add: [NET_ADMIN], read_only: true";
    let all = differences(&found(&[]), &wanted(keys));
    insta::assert_snapshot!(all.iter().map(|difference| format!("{difference:?}\n")).collect::<String>(), @r#"
    user: Some("1000") -> Some("0")
    stop_grace_period: None -> Some("60s")
    expose: Some("80/tcp") -> Some("53/udp, 80/tcp")
    command: Some("serve") -> Some("sh -c 'echo a'")
    environment.A: Some("image") -> Some("mine")
    environment.DB_PASSWORD: ***
    healthcheck.interval: Some("1s") -> Some("1m30s")
    volumes[/d]: None -> Some("shop_data ro")
    networks.default.aliases: Some("web") -> Some("shop, web")
    cap_add: None -> Some("NET_ADMIN")
    mem_limit: None -> Some("64m")
    cpus: None -> Some("0.5")
    ports: None -> Some("53:53/udp, 127.0.0.1:81:80")
    read_only: None -> Some("true")
    restart: None -> Some("on-failure:3")
    "#);
}

#[test]
fn what_an_env_file_holds_is_confidential() {
    let wanted = Wanted { written: ["A".to_owned()].into(), ..wanted("environment: {A: x, B: y}") };
    let confidential: Vec<_> =
        differences(&found(&[]), &wanted).iter().map(|found| (found.field.clone(), found.confidential)).collect();
    assert_eq!(confidential, [("environment.A".to_owned(), false), ("environment.B".to_owned(), true)]);
}
