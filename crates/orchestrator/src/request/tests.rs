//! What each key of the specification makes of a request: one case a key, and in the snapshots what it changes in the
//! body of a minimal service, network, volume or build.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use wharf_compose::model::{
    BindOptions, BlkioConfig, Build, DeployRestartPolicy, Device, DeviceRequest, Healthcheck, Ipam, IpamPool, Logging,
    Mount, Network, Port, Reservations, ResourceLimits, Resources, ServiceNetwork, TmpfsOptions, Volume, VolumeOptions,
};
use wharf_compose::{Options, Passes, Project};
use wharf_docker::{ApiVersion, labels};

use super::keys::{DEPLOY, Keys, SERVICE, keys};
use super::{
    NO_OWNERS, Replica, Source, build_options, create_body, further_networks, network_body, old_mac_address,
    service_hash, volume_body,
};

/// The oldest API that is spoken, and the newest one that is known.
const VERSIONS: [ApiVersion; 2] = [ApiVersion { major: 1, minor: 41 }, ApiVersion { major: 1, minor: 51 }];

/// What the cases refer to.
const REST: &str = "
  db: {image: y}
networks: {front: , back: }
volumes: {data: }
secrets: {token: {file: /secrets/token}, inline: {environment: TOKEN}}
configs: {site: {file: /configs/site}, text: {content: hello}}
models: {llm: {model: ai/x}}
";

/// The path of a key of a service, and the service's keys that set it.
const CASES: &[(&str, &str)] = &[
    ("annotations", "annotations: {a: b}"),
    ("attach", "attach: false"),
    ("blkio_config.device_read_bps", "blkio_config: {device_read_bps: [{path: /dev/sda, rate: 1m}]}"),
    ("blkio_config.device_read_iops", "blkio_config: {device_read_iops: [{path: /dev/sda, rate: 10}]}"),
    ("blkio_config.device_write_bps", "blkio_config: {device_write_bps: [{path: /dev/sda, rate: 1m}]}"),
    ("blkio_config.device_write_iops", "blkio_config: {device_write_iops: [{path: /dev/sda, rate: 10}]}"),
    ("blkio_config.weight", "blkio_config: {weight: 300}"),
    ("blkio_config.weight_device", "blkio_config: {weight_device: [{path: /dev/sda, weight: 400}]}"),
    ("build", "build: /src"),
    ("cap_add", "cap_add: [NET_ADMIN]"),
    ("cap_drop", "cap_drop: [ALL]"),
    ("cgroup", "cgroup: host"),
    ("cgroup_parent", "cgroup_parent: system"),
    ("command", "command: serve --port 80"),
    ("command", "command: []"),
    ("configs", "configs: [site]"),
    ("configs", "configs: [{source: site, target: /etc/site}]"),
    ("configs", "configs: [text]"),
    ("container_name", "container_name: mine"),
    ("cpu_count", "cpu_count: 2"),
    ("cpu_percent", "cpu_percent: 50"),
    ("cpu_period", "cpu_period: 100000"),
    ("cpu_quota", "cpu_quota: 50000"),
    ("cpu_rt_period", "cpu_rt_period: 1000000"),
    ("cpu_rt_runtime", "cpu_rt_runtime: 950000"),
    ("cpu_shares", "cpu_shares: 512"),
    ("cpus", "cpus: 1.5"),
    ("cpuset", "cpuset: 0-3"),
    ("credential_spec", "credential_spec: {file: x.json}"),
    ("depends_on", "depends_on: {db: {condition: service_healthy, restart: true}}"),
    ("deploy.endpoint_mode", "deploy: {endpoint_mode: vip}"),
    ("deploy.labels", "deploy: {labels: {a: b}}"),
    ("deploy.mode", "deploy: {mode: replicated}"),
    ("deploy.placement", "deploy: {placement: {constraints: [a]}}"),
    ("deploy.replicas", "deploy: {replicas: 2}"),
    ("deploy.resources.limits.cpus", "deploy: {resources: {limits: {cpus: '0.5'}}}"),
    ("deploy.resources.limits.memory", "deploy: {resources: {limits: {memory: 64m}}}"),
    ("deploy.resources.limits.pids", "deploy: {resources: {limits: {pids: 10}}}"),
    ("deploy.resources.reservations.cpus", "deploy: {resources: {reservations: {cpus: '0.5'}}}"),
    (
        "deploy.resources.reservations.devices",
        "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
    ),
    (
        "deploy.resources.reservations.generic_resources",
        "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]}}}",
    ),
    ("deploy.resources.reservations.memory", "deploy: {resources: {reservations: {memory: 64m}}}"),
    ("deploy.restart_policy.condition", "deploy: {restart_policy: {condition: any}}"),
    ("deploy.restart_policy.delay", "deploy: {restart_policy: {condition: any, delay: 5s}}"),
    ("deploy.restart_policy.max_attempts", "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}"),
    ("deploy.restart_policy.window", "deploy: {restart_policy: {condition: none, window: 5s}}"),
    ("deploy.rollback_config", "deploy: {rollback_config: {parallelism: 2}}"),
    ("deploy.update_config", "deploy: {update_config: {parallelism: 2}}"),
    ("develop", "develop: {watch: [{path: /src, action: rebuild}]}"),
    ("device_cgroup_rules", "device_cgroup_rules: ['c 1:3 mr']"),
    ("devices.source", "devices: [/dev/ttyUSB0]"),
    ("devices.target", "devices: ['/dev/ttyUSB0:/dev/tty1']"),
    ("devices.permissions", "devices: ['/dev/ttyUSB0:/dev/ttyUSB0:r']"),
    ("dns", "dns: 192.0.2.53"),
    ("dns_opt", "dns_opt: [use-vc]"),
    ("dns_search", "dns_search: example.com"),
    ("domainname", "domainname: example.com"),
    ("entrypoint", "entrypoint: [run, --fast]"),
    ("entrypoint", "entrypoint: []"),
    ("env_file", "env_file: [{path: /none.env, required: false}]"),
    ("environment", "environment: {SET: '1', EMPTY: '', UNSET: }"),
    ("expose", "expose: [80, 8000-8002/udp]"),
    ("extensions", "x-note: mine"),
    ("external_links", "external_links: [other]"),
    ("extra_hosts", "extra_hosts: ['a=192.0.2.1', 'b=::1']"),
    ("gpus.capabilities", "gpus: [{capabilities: [gpu, utility]}]"),
    ("gpus.count", "gpus: [{count: 2}]"),
    ("gpus.device_ids", "gpus: [{device_ids: ['0', '3']}]"),
    ("gpus.driver", "gpus: [{driver: nvidia}]"),
    ("gpus.options", "gpus: [{options: {a: b}}]"),
    ("group_add", "group_add: [mail, 1000]"),
    ("healthcheck.disable", "healthcheck: {disable: true}"),
    ("healthcheck.interval", "healthcheck: {interval: 1m30s}"),
    ("healthcheck.retries", "healthcheck: {retries: 3}"),
    ("healthcheck.start_interval", "healthcheck: {start_period: 10s, start_interval: 500ms}"),
    ("healthcheck.start_period", "healthcheck: {start_period: 10s}"),
    ("healthcheck.test", "healthcheck: {test: 'check || exit 1'}"),
    ("healthcheck.timeout", "healthcheck: {timeout: 2s}"),
    ("hostname", "hostname: web"),
    ("image", "image: other"),
    ("init", "init: true"),
    ("ipc", "ipc: shareable"),
    ("ipc", "ipc: 'service:db'"),
    ("isolation", "isolation: hyperv"),
    ("label_file", "label_file: /none.labels"),
    ("labels", "labels: {a: b}"),
    ("links", "links: ['db:database']"),
    ("logging.driver", "logging: {driver: local}"),
    ("logging.options", "logging: {driver: json-file, options: {max-size: 1m}}"),
    ("mac_address", "mac_address: '02:42:ac:11:00:01'"),
    ("mac_address", "mac_address: '02:42:ac:11:00:01', networks: [front, back]"),
    ("mac_address", "mac_address: '02:42:ac:11:00:01', network_mode: bridge"),
    ("mem_limit", "mem_limit: 64m"),
    ("mem_reservation", "mem_reservation: 32m"),
    ("mem_swappiness", "mem_swappiness: 60"),
    ("memswap_limit", "memswap_limit: -1"),
    ("models", "models: [llm]"),
    ("network_mode", "network_mode: host"),
    ("network_mode", "network_mode: 'service:db', links: ['db:database']"),
    ("networks.aliases", "networks: {front: {aliases: [www]}}"),
    ("networks.driver_opts", "networks: {front: {driver_opts: {a: b}}}"),
    ("networks.gw_priority", "networks: {front: {gw_priority: 1}}"),
    ("networks.interface_name", "networks: {front: {interface_name: eth7}}"),
    ("networks.ipv4_address", "networks: {front: {ipv4_address: 192.0.2.7}}"),
    ("networks.ipv6_address", "networks: {front: {ipv6_address: '2001:db8::7'}}"),
    ("networks.link_local_ips", "networks: {front: {link_local_ips: [169.254.8.8]}}"),
    ("networks.mac_address", "networks: {front: {mac_address: '02:42:ac:11:00:01'}}"),
    ("networks.priority", "networks: {back: {}, front: {priority: 10}}"),
    ("oom_kill_disable", "oom_kill_disable: true"),
    ("oom_score_adj", "oom_score_adj: -500"),
    ("pid", "pid: host"),
    ("pid", "pid: 'service:db'"),
    ("pids_limit", "pids_limit: 100"),
    ("platform", "platform: linux/amd64"),
    ("ports.app_protocol", "ports: [{target: 80, app_protocol: http}]"),
    ("ports.host_ip", "ports: ['127.0.0.1:8080:80']"),
    ("ports.mode", "ports: [{target: 80, mode: host}]"),
    ("ports.name", "ports: [{target: 80, name: web}]"),
    ("ports.protocol", "ports: ['53:53/udp']"),
    ("ports.published", "ports: ['8000-8010:80']"),
    ("ports.target", "ports: [80]"),
    ("post_start", "post_start: [{command: prepare}]"),
    ("pre_start", "pre_start: [{command: prepare}]"),
    ("pre_stop", "pre_stop: [{command: drain}]"),
    ("privileged", "privileged: true"),
    ("profiles", "profiles: [debug]"),
    ("provider", "provider: {type: cloud}"),
    ("pull_policy", "pull_policy: always"),
    ("pull_refresh_after", "pull_refresh_after: 1d"),
    ("read_only", "read_only: true"),
    ("restart", "restart: unless-stopped"),
    ("restart", "restart: 'on-failure:5'"),
    ("runtime", "runtime: runsc"),
    ("scale", "scale: 2"),
    ("secrets", "secrets: [token]"),
    ("secrets", "secrets: [{source: token, target: db, uid: '1', gid: '2', mode: 0400}]"),
    ("secrets", "secrets: [inline]"),
    ("security_opt", "security_opt: ['no-new-privileges:true']"),
    ("security_opt", "security_opt: ['systempaths=unconfined']"),
    ("shm_size", "shm_size: 128m"),
    ("stdin_open", "stdin_open: true"),
    ("stop_grace_period", "stop_grace_period: 1500ms"),
    ("stop_signal", "stop_signal: SIGINT"),
    ("storage_opt", "storage_opt: {size: 1G}"),
    ("sysctls", "sysctls: {net.core.somaxconn: 1024}"),
    ("tmpfs", "tmpfs: ['/run:size=64m', /tmp]"),
    ("tty", "tty: true"),
    ("ulimits", "ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 64}"),
    ("use_api_socket", "use_api_socket: true"),
    ("user", "user: '1000:1000'"),
    ("userns_mode", "userns_mode: host"),
    ("uts", "uts: host"),
    (
        "volumes.bind.create_host_path",
        "volumes: [{type: bind, source: /a, target: /a, bind: {create_host_path: false}}]",
    ),
    ("volumes.bind.propagation", "volumes: [{type: bind, source: /a, target: /a, bind: {propagation: rslave}}]"),
    (
        "volumes.bind.propagation",
        "volumes: [{type: bind, source: /a, target: /a, bind: {create_host_path: false, propagation: rslave}}]",
    ),
    ("volumes.bind.recursive", "volumes: [{type: bind, source: /a, target: /a, bind: {recursive: disabled}}]"),
    (
        "volumes.bind.recursive",
        "volumes: [{type: bind, source: /a, target: /a, read_only: true, bind: {recursive: writable}}]",
    ),
    ("volumes.bind.selinux", "volumes: ['/a:/a:Z']"),
    ("volumes.consistency", "volumes: [{type: volume, source: data, target: /a, consistency: cached}]"),
    ("volumes.image", "volumes: [{type: image, source: x, target: /a, image: {subpath: b}}]"),
    ("volumes.kind", "volumes: ['/a:/a']"),
    ("volumes.read_only", "volumes: ['/a:/a:ro', 'data:/b:ro']"),
    ("volumes.source", "volumes: ['data:/a']"),
    ("volumes.target", "volumes: [/a]"),
    ("volumes.tmpfs.mode", "volumes: [{type: tmpfs, target: /a, tmpfs: {mode: 0700}}]"),
    ("volumes.tmpfs.size", "volumes: [{type: tmpfs, target: /a, tmpfs: {size: 1m}}]"),
    ("volumes.volume.labels", "volumes: [{type: volume, target: /a, volume: {labels: {a: b}}}]"),
    ("volumes.volume.nocopy", "volumes: ['data:/a:nocopy']"),
    ("volumes.volume.subpath", "volumes: [{type: volume, source: data, target: /a, volume: {subpath: b}}]"),
    ("volumes_from", "volumes_from: [db, 'db:ro', 'container:other:ro']"),
    ("working_dir", "working_dir: /app"),
];

const NETWORK_CASES: &[(&str, &str)] = &[
    ("attachable", "attachable: true"),
    ("driver", "driver: macvlan"),
    ("driver_opts", "driver_opts: {parent: eth0}"),
    ("enable_ipv4", "enable_ipv4: false"),
    ("enable_ipv6", "enable_ipv6: true"),
    ("external", "external: true"),
    ("internal", "internal: true"),
    ("ipam.config.aux_addresses", "ipam: {config: [{aux_addresses: {router: 192.0.2.2}}]}"),
    ("ipam.config.gateway", "ipam: {config: [{gateway: 192.0.2.1}]}"),
    ("ipam.config.ip_range", "ipam: {config: [{ip_range: 192.0.2.0/25}]}"),
    ("ipam.config.subnet", "ipam: {config: [{subnet: 192.0.2.0/24}]}"),
    ("ipam.driver", "ipam: {driver: default}"),
    ("ipam.options", "ipam: {options: {a: b}}"),
    ("labels", "labels: {a: b}"),
    ("name", "name: mine"),
];

const VOLUME_CASES: &[(&str, &str)] = &[
    ("driver", "driver: nfs"),
    ("driver_opts", "driver_opts: {type: tmpfs, device: tmpfs}"),
    ("external", "external: true"),
    ("labels", "labels: {a: b}"),
    ("name", "name: mine"),
];

const BUILD_CASES: &[(&str, &str)] = &[
    ("additional_contexts", "additional_contexts: {base: /base}"),
    ("args", "args: {A: '1', UNSET: }"),
    ("cache_from", "cache_from: [x]"),
    ("cache_to", "cache_to: [x]"),
    ("context", "context: 'https://example.com/x.git'"),
    ("dockerfile", "dockerfile: web/Dockerfile"),
    ("dockerfile_inline", "dockerfile_inline: FROM x"),
    ("entitlements", "entitlements: [network.host]"),
    ("extra_hosts", "extra_hosts: ['a=192.0.2.1']"),
    ("isolation", "isolation: default"),
    ("labels", "labels: {a: b}"),
    ("network", "network: host"),
    ("no_cache", "no_cache: true"),
    ("no_cache_filter", "no_cache_filter: [a]"),
    ("platforms", "platforms: [linux/amd64]"),
    ("privileged", "privileged: true"),
    ("provenance", "provenance: true"),
    ("pull", "pull: true"),
    ("sbom", "sbom: true"),
    ("secrets", "secrets: [token]"),
    ("shm_size", "shm_size: 128m"),
    ("ssh", "ssh: [default]"),
    ("tags", "tags: [x]"),
    ("target", "target: tests"),
    ("ulimits", "ulimits: {nofile: 10}"),
];

/// Structs of the model below a service, by their path.
const NESTED: &[(&str, Keys)] = &[
    ("", SERVICE),
    ("deploy.", DEPLOY),
    ("deploy.resources.", keys!(Resources { all: limits reservations; })),
    ("deploy.resources.limits.", keys!(ResourceLimits { all: cpus memory pids; })),
    ("deploy.resources.reservations.", keys!(Reservations { all: cpus devices generic_resources memory; })),
    ("deploy.restart_policy.", keys!(DeployRestartPolicy { all: condition delay max_attempts window; })),
    (
        "blkio_config.",
        keys!(BlkioConfig {
            all: device_read_bps device_read_iops device_write_bps device_write_iops weight weight_device;
        }),
    ),
    ("devices.", keys!(Device { all: permissions source target; })),
    ("gpus.", keys!(DeviceRequest { all: capabilities count device_ids driver options; })),
    ("healthcheck.", keys!(Healthcheck { all: disable interval retries start_interval start_period test timeout; })),
    ("logging.", keys!(Logging { all: driver options; })),
    (
        "networks.",
        keys!(ServiceNetwork {
            all: aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips mac_address
                priority;
        }),
    ),
    ("ports.", keys!(Port { all: app_protocol host_ip mode name protocol published target; })),
    ("volumes.", keys!(Mount { all: bind consistency image kind read_only source target tmpfs volume; })),
    ("volumes.bind.", keys!(BindOptions { all: create_host_path propagation recursive selinux; })),
    ("volumes.volume.", keys!(VolumeOptions { all: labels nocopy subpath; })),
    ("volumes.tmpfs.", keys!(TmpfsOptions { all: mode size; })),
];

#[test]
fn every_key_has_a_case() {
    let network: Keys = keys!(Network {
        all: attachable driver driver_opts enable_ipv4 enable_ipv6 external internal ipam labels name;
    });
    let ipam: Keys = keys!(Ipam { all: config driver options; });
    let pool: Keys = keys!(IpamPool { all: aux_addresses gateway ip_range subnet; });
    let networks: [(&str, Keys); 3] = [("", network), ("ipam.", ipam), ("ipam.config.", pool)];
    let volume: Keys = keys!(Volume { all: driver driver_opts external labels name; });
    let build: Keys = keys!(Build {
        all: additional_contexts args cache_from cache_to context dockerfile dockerfile_inline entitlements extra_hosts
            isolation labels network no_cache no_cache_filter platforms privileged provenance pull sbom secrets shm_size
            ssh tags target ulimits;
    });
    // The reader sets it, no file does.
    assert_eq!(without_case(CASES, NESTED), ["labels_from"]);
    assert_eq!(without_case(NETWORK_CASES, &networks), Vec::<String>::new());
    assert_eq!(without_case(VOLUME_CASES, &[("", volume)]), Vec::<String>::new());
    assert_eq!(without_case(BUILD_CASES, &[("", build)]), Vec::<String>::new());
}

fn without_case(cases: &[(&str, &str)], structs: &[(&str, Keys)]) -> Vec<String> {
    let keys = structs.iter().flat_map(|(prefix, groups)| {
        groups.iter().flat_map(|(_, keys)| *keys).map(move |key| format!("{prefix}{key}"))
    });
    let below =
        |path: &str, key: &str| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    keys.filter(|key| !cases.iter().any(|(path, _)| below(path, key))).collect()
}

fn project(web: &str, rest: &str) -> Project {
    let text = format!("name: shop\nservices:\n  web: {{{web}}}{rest}");
    let mut options = Options::from_text(&text);
    options.profiles = vec!["*".to_owned()];
    let passes = Passes { read_env_files: false, read_label_files: false, ..Passes::default() };
    Project::load_by(&options, passes).unwrap_or_else(|error| panic!("{web}: {error}")).project
}

/// A service whose image is `x`, unless its keys say otherwise.
fn service(keys: &str) -> Project {
    let image =
        if ["image:", "build:", "provider:"].iter().any(|own| keys.starts_with(own)) { "" } else { "image: x, " };
    project(&format!("{image}{keys}"), REST)
}

/// The body of the create call, with the networks that are joined afterwards.
fn body(project: &Project, version: ApiVersion) -> Value {
    let service = &project.services["web"];
    let replica = Replica {
        project,
        name: "web",
        service,
        number: 1,
        image_id: Some("sha256:x"),
        volumes_of_image: &[],
        inherited: &[],
        owners: &NO_OWNERS,
        replaces: false,
    };
    let mut body = serde_json::to_value(create_body(&replica, version)).unwrap();
    if let Some(address) = old_mac_address(&replica, version) {
        body["MacAddress"] = address.into();
    }
    for (name, endpoint) in further_networks(&replica) {
        body["then joins"][name] = serde_json::to_value(endpoint).unwrap();
    }
    // The hashes differ in each case, and have tests of their own.
    for hash in [labels::CONFIG_HASH, labels::OWN_HASH] {
        body["Labels"].as_object_mut().unwrap().remove(hash);
    }
    without_version(body)
}

/// The body without the label that each release changes.
fn without_version(mut body: Value) -> Value {
    let labels = body["Labels"].as_object_mut().unwrap();
    labels.retain(|label, _| label != labels::VERSION && label != labels::OWN_HASH);
    body
}

/// What differs in `new`. A null is a key that only `old` has.
fn difference(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let null = Value::Null;
    let get = |map: &'_ Map<String, Value>, key: &String| map.get(key).unwrap_or(&null).clone();
    let pairs = keys.into_iter().map(|key| (key, get(old, key), get(new, key))).filter(|(_, old, new)| old != new);
    Value::Object(pairs.map(|(key, old, new)| (key.clone(), difference(&old, &new))).collect())
}

/// A line for the case, and one for what it changes.
fn shown(keys: &str, change: &Value) -> String {
    let mut change = change.clone();
    change.sort_all_objects();
    format!("{keys}\n    {change}\n")
}

#[test]
fn each_key_of_a_service_changes_the_body() {
    let [oldest, newest] = VERSIONS.map(|version| body(&service("tty: false"), version));
    let mut newer = String::new();
    let mut all = shown("image: x", &oldest);
    for (_, keys) in CASES {
        let project = service(keys);
        let [old, new] = VERSIONS.map(|version| body(&project, version));
        let (old, new) = (difference(&oldest, &old), difference(&newest, &new));
        all += &shown(keys, &old);
        if old != new {
            newer += &shown(keys, &new);
        }
    }
    insta::assert_snapshot!("service_1_41", all);
    insta::assert_snapshot!("service_1_51_where_it_differs", newer);
}

#[test]
fn what_the_table_says_is_acted_on_is_and_is_hashed() {
    let acted_on = ["container", "host", "limits", "mounts", "networks", "ports", "security"];
    let minimal = service("tty: false");
    let unchanged = body(&minimal, VERSIONS[1]);
    for (group, keys) in SERVICE {
        for key in *keys {
            let cases = CASES.iter().filter(|(path, _)| path.split('.').next() == Some(key));
            let projects: Vec<Project> = cases.map(|(_, keys)| service(keys)).collect();
            let changing = |project: &&Project| body(project, VERSIONS[1]) != unchanged;
            let changes = projects.iter().any(|project| changing(&project));
            // These cases have no image of their own.
            if ["build", "provider"].contains(key) {
                continue;
            }
            assert_eq!(changes, acted_on.contains(group), "{key} in {group}");
            // Dependencies are in a label, and a change of it does not recreate the container.
            for project in projects.iter().filter(changing).filter(|_| *key != "depends_on") {
                let hash = |project: &Project| service_hash(project, &project.services["web"]);
                assert_ne!(hash(project), hash(&minimal), "{key} shapes the container, so its hash must know it");
            }
        }
    }
}

#[test]
fn the_restart_policy_of_deploy_comes_before_restart() {
    let policy = |keys: &str| body(&service(keys), VERSIONS[1])["HostConfig"]["RestartPolicy"].clone();
    let deploy = "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}";
    assert_eq!(policy(&format!("restart: always, {deploy}")), policy(deploy));
    assert_eq!(policy("restart: always")["Name"], "always");
}

#[test]
fn each_key_of_a_network_and_a_volume_changes_the_body() {
    let of = |section: &str, keys: &str| project("image: x", &format!("\n{section}: {{mine: {{{keys}}}}}\n"));
    let network = |keys: &str| {
        let body = network_body("shop", "mine", &of("networks", keys).networks["mine"]);
        without_version(serde_json::to_value(body).unwrap())
    };
    let volume = |keys: &str| {
        let body = volume_body("shop", "mine", &of("volumes", keys).volumes["mine"]);
        without_version(serde_json::to_value(body).unwrap())
    };
    insta::assert_snapshot!("network", table(NETWORK_CASES, network));
    insta::assert_snapshot!("volume", table(VOLUME_CASES, volume));
}

#[test]
fn each_key_of_a_build_changes_the_parameters() {
    let options = |keys: &str| {
        let context = if keys.contains("context:") { "" } else { "context: /src, " };
        let project = project(&format!("build: {{{context}{keys}}}"), REST);
        let service = &project.services["web"];
        let build = service.build.as_ref().unwrap();
        let fetched = Source::Fetched { url: &build.context, dockerfile: None };
        let sent = Source::Sent(build.dockerfile.as_deref().unwrap_or("Dockerfile"));
        let source = if crate::build::is_directory(&build.context) { sent } else { fetched };
        let mut parameters =
            serde_json::to_value(build_options(&project, ("web", service), build, source, None)).unwrap();
        // Objects are parameters as JSON text, in no order.
        for value in parameters.as_object_mut().unwrap().values_mut() {
            if let Some(object) = value.as_str().and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok()) {
                *value = Value::Object(object);
            }
        }
        parameters
    };
    insta::assert_snapshot!("build", table(BUILD_CASES, options));
}

/// The minimal form, then each case's difference from it.
fn table(cases: &[(&str, &str)], make: impl Fn(&str) -> Value) -> String {
    let minimal = make("");
    let rest = cases.iter().map(|(_, keys)| shown(keys, &difference(&minimal, &make(keys))));
    std::iter::once(shown("(nothing)", &minimal)).chain(rest).collect()
}
