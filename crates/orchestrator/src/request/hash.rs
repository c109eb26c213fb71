//! The configuration hash: whether a container was made from what the file says now.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use wharf_compose::Project;
use wharf_compose::model::{
    Deploy, DeployRestartPolicy, FileMount, FileObject, Port, Reservations, ResourceLimits, Resources, Service,
};

use super::keys::{Keys, keys};

/// The keys of a service that shape its containers.
const SERVICE: Keys = keys!(Service {
    hashed: annotations blkio_config cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count
        cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset deploy device_cgroup_rules
        devices dns dns_opt dns_search domainname entrypoint environment expose extra_hosts gpus group_add healthcheck
        hostname image init ipc isolation labels links logging mac_address mem_limit mem_reservation mem_swappiness
        memswap_limit network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports privileged
        read_only restart runtime secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt
        sysctls tmpfs tty ulimits user userns_mode uts volumes volumes_from working_dir;
    // They run when a container is created, so a changed one runs when the container is recreated. No inspection shows them.
    sealed: post_start pre_start pre_stop;
    // The image is compared by its identifier.
    left_out: build pull_policy pull_refresh_after;
    // They say when and how many containers are made, and what is shown of them.
    left_out: attach depends_on develop profiles scale;
    // Their content is in `environment` and `labels`.
    left_out: env_file label_file labels_from;
    left_out: credential_spec external_links models provider use_api_socket extensions;
});

const DEPLOY: Keys = keys!(Deploy {
    hashed: resources restart_policy;
    left_out: endpoint_mode labels mode placement replicas rollback_config update_config;
});
const RESOURCES: Keys = keys!(Resources { hashed: limits reservations; });
const LIMITS: Keys = keys!(ResourceLimits { hashed: cpus memory pids; });
const RESERVATIONS: Keys = keys!(Reservations { hashed: devices memory; left_out: cpus generic_resources; });
const RESTART_POLICY: Keys = keys!(DeployRestartPolicy { hashed: condition max_attempts; left_out: delay window; });
const PORT: Keys = keys!(Port { hashed: host_ip protocol published target; left_out: app_protocol mode name; });
/// Everyone can read labels. The content of a file is visible through its mount.
const FILE: Keys = keys!(FileObject {
    hashed: environment file;
    sealed: content;
    left_out: driver driver_opts external labels name template_driver value;
});

/// Hash of a service's configuration, `v3:<sha256>`: over the canonical form of the keys that shape its containers,
/// sorted, with the engine's names of its networks and volumes and the sources of its secrets and configs. Keys that
/// are not set do not count, so that a newer wharf which knows more keys gives the same hash. The image's content is
/// compared apart, and so is what an inspection of the container does not show (`sealed`).
pub fn service_hash(project: &Project, service: &Service) -> String {
    hash_of("v3", project, service, &["hashed"])
}

/// The form before `v3`: what an inspection does not show was part of it.
fn second_form(project: &Project, service: &Service) -> String {
    hash_of("v2", project, service, &["hashed", "sealed"])
}

/// Over the keys of these groups.
fn hash_of(form: &str, project: &Project, service: &Service, groups: &[&str]) -> String {
    let mut value = serde_json::to_value(service).unwrap_or_default();
    retain(Some(&mut value), SERVICE, groups);
    for (place, keys) in [
        ("/deploy", DEPLOY),
        ("/deploy/resources", RESOURCES),
        ("/deploy/resources/limits", LIMITS),
        ("/deploy/resources/reservations", RESERVATIONS),
        ("/deploy/restart_policy", RESTART_POLICY),
    ] {
        retain(value.pointer_mut(place), keys, groups);
    }
    // `deploy` with nothing left in it is the same as none.
    for place in ["/deploy/resources", "/deploy", ""] {
        if let Some(Value::Object(map)) = value.pointer_mut(place) {
            map.retain(|key, inner| {
                let deploys = !place.is_empty() || key == "deploy";
                !(deploys && inner.as_object().is_some_and(Map::is_empty))
            });
        }
    }
    for port in value.pointer_mut("/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        retain(Some(port), PORT, groups);
    }
    let mut input = names(project, service);
    input.insert("service".to_owned(), value);
    let files = [("configs", &service.configs, &project.configs), ("secrets", &service.secrets, &project.secrets)];
    for (key, used, defined) in files {
        let sources: Map<String, Value> =
            used.iter().filter_map(|file| source(file, defined.get(&file.source)?, groups)).collect();
        if !sources.is_empty() {
            input.insert(key.to_owned(), Value::Object(sources));
        }
    }
    digest(form, input)
}

/// Whether a container with this hash in its label was made from what the file says now; `None`: the hash does not tell, or
/// has a form that is not known here. A hash of an earlier form is compared with that form, so that an upgrade of wharf alone recreates
/// nothing.
pub(super) fn is_current(project: &Project, service: &Service, label: &str) -> Option<bool> {
    match label.split_once(':') {
        Some(("v1", _)) => match label == first_form(project, service) {
            // It left out `deploy`, and limits that have changed since must not be taken for those of the container.
            true if deploys(service) => None,
            is_current => Some(is_current),
        },
        Some(("v2", _)) => Some(label == second_form(project, service)),
        Some(("v3", _)) => Some(label == service_hash(project, service)),
        _ => None,
    }
}

/// Whether `deploy` shapes the service's containers.
fn deploys(service: &Service) -> bool {
    service.deploy.as_ref().is_some_and(|deploy| deploy.resources.is_some() || deploy.restart_policy.is_some())
}

/// Whether what an inspection does not show is in a label beside this hash, rather than in the hash.
pub(crate) fn has_seal(label: &str) -> bool {
    label.starts_with("v3:")
}

/// The hash of an earlier wharf, which wrote it to docker compose's label; `None`: the label is docker compose's.
pub(crate) fn of_earlier_wharf(label: &str) -> Option<&str> {
    (label.starts_with("v1:") || label.starts_with("v2:")).then_some(label)
}

/// The form before `v2`: it left out all of `deploy`, and took `x-*` in.
fn first_form(project: &Project, service: &Service) -> String {
    const LEFT_OUT: [&str; 8] =
        ["build", "depends_on", "deploy", "develop", "profiles", "pull_policy", "scale", "attach"];
    let mut value = serde_json::to_value(service).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
    }
    let mut input = names(project, service);
    input.insert("service".to_owned(), value);
    digest("v1", input)
}

/// The engine's names of a service's networks and volumes.
fn names(project: &Project, service: &Service) -> Map<String, Value> {
    let networks = service.networks.keys().filter_map(|key| Some((key, &project.networks.get(key)?.name)));
    let sources = service.volumes.iter().filter_map(|mount| mount.source.as_ref());
    let volumes = sources.filter_map(|key| Some((key, &project.volumes.get(key)?.name)));
    let object = |pairs: &mut dyn Iterator<Item = (&String, &String)>| {
        Value::Object(pairs.map(|(key, name)| (key.clone(), Value::String(name.clone()))).collect())
    };
    let pairs = [
        ("networks".to_owned(), object(&mut networks.into_iter())),
        ("volumes".to_owned(), object(&mut volumes.into_iter())),
    ];
    pairs.into_iter().collect()
}

fn source(used: &FileMount, defined: &FileObject, groups: &[&str]) -> Option<(String, Value)> {
    let mut value = serde_json::to_value(defined).ok()?;
    retain(Some(&mut value), FILE, groups);
    Some((used.source.clone(), value))
}

fn retain(value: Option<&mut Value>, keys: Keys, groups: &[&str]) {
    if let Some(Value::Object(map)) = value {
        map.retain(|key, _| keys.iter().any(|(group, keys)| groups.contains(group) && keys.contains(&key.as_str())));
    }
}

/// Hash of the settings of a network or a volume.
pub(super) fn resource_hash(settings: &impl serde::Serialize) -> String {
    match serde_json::to_value(settings) {
        Ok(Value::Object(settings)) => digest("v1", settings),
        _ => String::new(),
    }
}

fn digest(form: &str, input: Map<String, Value>) -> String {
    let mut input = Value::Object(input);
    input.sort_all_objects();
    format!("{form}:{}", hex::encode(Sha256::digest(input.to_string().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    /// The hash of the service `web` with these keys, and the earlier forms of it.
    fn hashes(keys: &str, rest: &str) -> (String, [String; 2]) {
        let text = format!("services:\n  web: {{image: 'redis:7', {keys}}}\n{rest}");
        let project = Project::load(&Options::from_text(&text)).expect("the project can be loaded").project;
        let service = &project.services["web"];
        let earlier = [first_form(&project, service), second_form(&project, service)];
        for form in &earlier {
            let current = is_current(&project, service, form);
            assert_ne!(current, Some(false), "a container of an earlier wharf is not recreated");
        }
        (service_hash(&project, service), earlier)
    }

    fn hash(keys: &str) -> String {
        hashes(keys, "").0
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_values_do() {
        assert_eq!(hash("environment: {A: '1', B: '2'}"), hash("environment: {B: '2', A: '1'}"));
        assert_ne!(hash("environment: {A: '1'}"), hash("environment: {A: '2'}"));
    }

    #[test]
    fn what_shapes_no_container_recreates_none() {
        let plain = hash("");
        for keys in [
            "scale: 3",
            "x-note: mine",
            "attach: false",
            "deploy: {replicas: 2, labels: {a: b}, update_config: {parallelism: 2}, placement: {constraints: [a]}}",
            "deploy: {resources: {reservations: {cpus: '0.5'}}, restart_policy: {window: 10s}}",
        ] {
            assert_eq!(hash(keys), plain, "{keys}");
        }
        assert_eq!(hash("ports: [{target: 80, name: web}]"), hash("ports: [{target: 80, app_protocol: http}]"));
    }

    #[test]
    fn what_of_deploy_shapes_a_container_recreates_it() {
        let keys = [
            "",
            "deploy: {resources: {limits: {memory: 128m}}}",
            "deploy: {resources: {limits: {memory: 64m}}}",
            "deploy: {resources: {limits: {cpus: '0.5'}}}",
            "deploy: {resources: {limits: {pids: 10}}}",
            "deploy: {resources: {reservations: {memory: 64m}}}",
            "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
            "deploy: {restart_policy: {condition: on-failure}}",
            "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
        ];
        let different: std::collections::BTreeSet<String> = keys.map(hash).into();
        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn the_first_form_does_not_tell_about_deploy() {
        let current = |keys: &str| {
            let text = format!("services: {{web: {{image: x, {keys}}}}}");
            let project = Project::load(&Options::from_text(&text)).expect("the project can be loaded").project;
            let service = &project.services["web"];
            [first_form(&project, service), second_form(&project, service)]
                .map(|form| is_current(&project, service, &form))
        };
        assert_eq!(current("deploy: {resources: {limits: {memory: 64m}}}"), [None, Some(true)]);
        assert_eq!(current("deploy: {restart_policy: {condition: any}}"), [None, Some(true)]);
        assert_eq!(current("deploy: {replicas: 2}"), [Some(true), Some(true)]);
    }

    #[test]
    fn what_an_inspection_does_not_show_is_in_earlier_forms_alone() {
        let with = |keys: &str, content: &str| {
            hashes(&format!("configs: [site], {keys}"), &format!("configs: {{site: {{content: {content}}}}}"))
        };
        let hook = "post_start: [{command: a}]";
        let (plain, other) = (with("", "a"), [with("", "b"), with(hook, "a")]);
        for other in other {
            assert_eq!(plain.0, other.0);
            assert_ne!(plain.1[1], other.1[1]);
        }
    }

    /// Containers that run carry these labels: a change of them would recreate every one of them on an upgrade of
    /// wharf.
    #[test]
    fn the_hashes_of_a_known_service_stay_what_they_were() {
        let environment = [("A".to_owned(), Some("1".to_owned()))].into_iter().collect();
        let service = Service { image: Some("redis:7".into()), environment, ..Service::default() };
        let first = first_form(&Project::default(), &service);
        insta::assert_snapshot!(first, @"v1:0710ed4357e3c903a5960217167ea2458d9ff9aa3206b0859ed73e188b11db33");
        insta::assert_snapshot!(second_form(&Project::default(), &service), @"v2:0710ed4357e3c903a5960217167ea2458d9ff9aa3206b0859ed73e188b11db33");
        insta::assert_snapshot!(service_hash(&Project::default(), &service), @"v3:0710ed4357e3c903a5960217167ea2458d9ff9aa3206b0859ed73e188b11db33");
        let keys = "ports: ['8000-8002:80/udp', '127.0.0.1:81:81'], restart: 'on-failure:3', volumes: [data:/data, /more, '/a:/a:ro'],
            shm_size: 64m, stop_grace_period: 90s, deploy: {resources: {limits: {cpus: '0.5'}}}, x-note: 1,
            healthcheck: {test: 'true', interval: 1m30s}, expose: [80, 90-92], ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3},
            configs: [{source: c, mode: 0440}], pid: 'service:db', extra_hosts: ['a=1.2.3.4'], pull_policy: daily";
        let rest = "  db: {image: x}\nvolumes: {data: }\nconfigs: {c: {content: hello}}";
        let (now, [first, second]) = hashes(keys, rest);
        insta::assert_snapshot!(now, @"v3:a041649ae17e82f6373e7e4914612c4a4dbeba8f56ee9492060a5d2363889715");
        insta::assert_snapshot!(second, @"v2:998550c2a44245c8efc9dfb19eabf2567e639feff989df4e28e89e31bb0762d4");
        insta::assert_snapshot!(first, @"v1:a7507b14251d872cab0860bdb7c0301b19e7518aad3b962a2dd22c98cb67fe7d");
    }
}
