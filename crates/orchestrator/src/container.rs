//! A service's replica as the Engine API wants it (`POST /containers/create`). Pure.

use std::collections::HashMap;

use bollard::models as api;
use wharf_compose::Project;
use wharf_compose::model::{
    Condition, FileMount, FileObject, Healthcheck, Hook, Mount, MountKind, Port, Service, ServiceNetwork,
};
use wharf_docker::{ApiVersion, labels};

use crate::{hash, limits, plan};

/// The oldest API with a probe interval of its own for the start period.
const START_INTERVAL_SINCE: ApiVersion = ApiVersion { major: 1, minor: 44 };

/// What a container is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replica<'a> {
    pub(crate) project: &'a Project,
    pub(crate) name: &'a str,
    pub(crate) service: &'a Service,
    pub(crate) number: u32,
    /// Identifier of the image, as far as it is known.
    pub(crate) image_id: Option<&'a str>,
    /// Volumes that it takes over from the container it replaces: see [`inherited`].
    pub(crate) inherited: &'a [InheritedVolume],
}

/// A volume of a container that is replaced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InheritedVolume {
    /// The volume's name.
    pub(crate) name: String,
    /// Its path in the container.
    pub(crate) path: String,
}

/// The body of the create call.
pub(crate) fn create_body(replica: &Replica<'_>, version: ApiVersion) -> api::ContainerCreateBody {
    let service = replica.service;
    let (exposed, bindings) = ports(service);
    api::ContainerCreateBody {
        hostname: service.hostname.clone(),
        domainname: service.domainname.clone(),
        user: service.user.clone(),
        tty: Some(service.tty),
        open_stdin: Some(service.stdin_open),
        exposed_ports: Some(exposed),
        env: Some(environment(service)),
        cmd: service.command.clone(),
        entrypoint: service.entrypoint.clone().map(|words| if words.is_empty() { vec![String::new()] } else { words }),
        healthcheck: service.healthcheck.as_ref().map(|check| healthcheck(check, version)),
        image: Some(plan::image_of(replica.project, replica.name, service)),
        working_dir: service.working_dir.clone(),
        labels: Some(container_labels(replica)),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period.map(|period| period.0.as_secs_f64().ceil() as i64),
        host_config: Some(host_config(replica, bindings)),
        networking_config: first_network(replica),
        ..Default::default()
    }
}

/// The body of the create call for a container that runs before `target`, a replica, starts: with its volumes, in its
/// networks but not under its name.
pub(crate) fn init_body(
    replica: &Replica<'_>,
    hook: &Hook,
    environment_of_hook: impl Iterator<Item = String>,
    target: &str,
) -> api::ContainerCreateBody {
    let project = replica.project;
    let own = [
        (labels::PROJECT, project.name.clone()),
        (labels::SERVICE, replica.name.to_owned()),
        (labels::HOOK, "pre_start".to_owned()),
        (labels::VERSION, env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut networking = first_network(replica);
    let endpoints = networking.as_mut().and_then(|networking| networking.endpoints_config.as_mut());
    for endpoint in endpoints.into_iter().flat_map(|endpoints| endpoints.values_mut()) {
        endpoint.aliases = None;
        endpoint.mac_address = None;
        endpoint.ipam_config = None;
    }
    api::ContainerCreateBody {
        image: Some(hook.image.clone().unwrap_or_else(|| plan::image_of(project, replica.name, replica.service))),
        cmd: hook.command.clone(),
        user: hook.user.clone(),
        working_dir: hook.working_dir.clone(),
        env: Some(environment(replica.service).into_iter().chain(environment_of_hook).collect()),
        labels: Some(own.map(|(key, value)| (key.to_owned(), value)).into()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(api::HostConfig {
            volumes_from: Some(vec![target.to_owned()]),
            privileged: Some(hook.privileged),
            network_mode: Some(network_mode(replica)),
            ..Default::default()
        }),
        networking_config: networking,
        ..Default::default()
    }
}

/// The networks that a container joins after its creation: an engine before API 1.44 takes only one at creation.
pub(crate) fn further_networks(replica: &Replica<'_>) -> Vec<(String, api::EndpointSettings)> {
    network_names(replica).into_iter().skip(1).collect()
}

fn first_network(replica: &Replica<'_>) -> Option<api::NetworkingConfig> {
    let first = network_names(replica).into_iter().next()?;
    Some(api::NetworkingConfig { endpoints_config: Some(HashMap::from([first])) })
}

/// In descending order of priority, then by key.
fn network_names(replica: &Replica<'_>) -> Vec<(String, api::EndpointSettings)> {
    let mut joined: Vec<_> = replica.service.networks.iter().collect();
    joined.sort_by_key(|(key, settings)| {
        let priority = settings.as_ref().and_then(|settings| settings.priority).unwrap_or(0);
        (std::cmp::Reverse(priority), (*key).clone())
    });
    joined
        .into_iter()
        .filter_map(|(key, settings)| {
            let network = replica.project.networks.get(key)?;
            Some((network.name.clone(), endpoint(replica, settings.clone().unwrap_or_default())))
        })
        .collect()
}

fn endpoint(replica: &Replica<'_>, settings: ServiceNetwork) -> api::EndpointSettings {
    let mut aliases = vec![replica.name.to_owned()];
    aliases.extend(settings.aliases);
    let fixed =
        settings.ipv4_address.is_some() || settings.ipv6_address.is_some() || !settings.link_local_ips.is_empty();
    api::EndpointSettings {
        aliases: Some(aliases),
        links: non_empty(&links(replica)),
        mac_address: settings.mac_address.or_else(|| replica.service.mac_address.clone()),
        driver_opts: (!settings.driver_opts.is_empty()).then(|| settings.driver_opts.into_iter().collect()),
        gw_priority: settings.gw_priority,
        ipam_config: fixed.then_some(api::EndpointIpamConfig {
            ipv4_address: settings.ipv4_address,
            ipv6_address: settings.ipv6_address,
            link_local_ips: Some(settings.link_local_ips),
        }),
        ..Default::default()
    }
}

/// `SERVICE` or `SERVICE:ALIAS`, as `CONTAINER:ALIAS`.
fn links(replica: &Replica<'_>) -> Vec<String> {
    let link = |link: &String| {
        let (service, alias) = link.split_once(':').unwrap_or((link, link));
        format!("{}:{alias}", plan::replica_name(replica.project, service, 1))
    };
    replica.service.links.iter().map(link).collect()
}

fn environment(service: &Service) -> Vec<String> {
    let set = service.environment.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
    set.collect()
}

fn container_labels(replica: &Replica<'_>) -> HashMap<String, String> {
    let project = replica.project;
    let files: Vec<_> = project.files.iter().map(|file| file.display().to_string()).collect();
    let dependencies: Vec<_> = replica
        .service
        .depends_on
        .iter()
        .map(|(name, dependency)| format!("{name}:{}:{}", condition(dependency.condition), dependency.restart))
        .collect();
    let own = [
        (labels::PROJECT, project.name.clone()),
        (labels::SERVICE, replica.name.to_owned()),
        (labels::NUMBER, replica.number.to_string()),
        (labels::ONE_OFF, "False".to_owned()),
        (labels::CONFIG_HASH, hash::service_hash(project, replica.service)),
        (labels::IMAGE, replica.image_id.unwrap_or_default().to_owned()),
        (labels::DEPENDS_ON, dependencies.join(",")),
        (labels::CONFIG_FILES, files.join(",")),
        (labels::WORKING_DIR, project.working_dir.display().to_string()),
        (labels::VERSION, env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut all: HashMap<String, String> =
        replica.service.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    all.extend(own.map(|(key, value)| (key.to_owned(), value)));
    all
}

fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Started => "service_started",
        Condition::Healthy => "service_healthy",
        Condition::CompletedSuccessfully => "service_completed_successfully",
    }
}

fn host_config(replica: &Replica<'_>, bindings: api::PortMap) -> api::HostConfig {
    let service = replica.service;
    let (binds, mounts) = mounts(replica);
    let mut config = api::HostConfig {
        binds: Some(binds),
        mounts: Some(mounts),
        port_bindings: Some(bindings),
        network_mode: Some(network_mode(replica)),
        restart_policy: service.restart.as_deref().map(restart_policy),
        cap_add: non_empty(&service.cap_add),
        cap_drop: non_empty(&service.cap_drop),
        extra_hosts: non_empty(&service.extra_hosts.iter().map(|host| host.replacen('=', ":", 1)).collect::<Vec<_>>()),
        init: service.init,
        // On a network of the project links are part of the endpoint.
        links: non_empty(&links(replica)).filter(|_| service.networks.is_empty()),
        log_config: service.logging.as_ref().map(|logging| api::HostConfigLogConfig {
            typ: logging.driver.clone(),
            config: Some(logging.options.clone().into_iter().collect()),
        }),
        readonly_rootfs: Some(service.read_only),
        security_opt: non_empty(&service.security_opt),
        shm_size: service.shm_size,
        sysctls: (!service.sysctls.is_empty()).then(|| service.sysctls.clone().into_iter().collect()),
        tmpfs: (!service.tmpfs.is_empty()).then(|| service.tmpfs.iter().map(|entry| tmpfs(entry)).collect()),
        ..Default::default()
    };
    limits::apply(replica.project, service, &mut config);
    config
}

fn non_empty(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// `/run:size=64m` is the path and its options.
fn tmpfs(entry: &str) -> (String, String) {
    let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
    (path.to_owned(), options.to_owned())
}

/// The mode decides the first network; a service without any gets none.
fn network_mode(replica: &Replica<'_>) -> String {
    match replica.service.network_mode.as_deref() {
        Some(mode) => match mode.strip_prefix("service:") {
            Some(service) => {
                format!("container:{}", plan::replica_name(replica.project, service, 1))
            }
            None => mode.to_owned(),
        },
        None => network_names(replica).into_iter().next().map_or_else(|| "none".to_owned(), |(name, _)| name),
    }
}

/// `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:5`.
fn restart_policy(policy: &str) -> api::RestartPolicy {
    let (name, retries) = policy.split_once(':').unwrap_or((policy, ""));
    let name = match name {
        "always" => api::RestartPolicyNameEnum::ALWAYS,
        "unless-stopped" => api::RestartPolicyNameEnum::UNLESS_STOPPED,
        "on-failure" => api::RestartPolicyNameEnum::ON_FAILURE,
        _ => api::RestartPolicyNameEnum::NO,
    };
    api::RestartPolicy { name: Some(name), maximum_retry_count: retries.parse().ok() }
}

fn ports(service: &Service) -> (Vec<String>, api::PortMap) {
    let mut exposed: Vec<String> = service.expose.iter().flat_map(|port| expand(port)).collect();
    let mut bindings = api::PortMap::new();
    for port in &service.ports {
        let key = port_key(port);
        if !exposed.contains(&key) {
            exposed.push(key.clone());
        }
        let binding = api::PortBinding {
            host_ip: port.host_ip.clone(),
            host_port: Some(port.published.clone().unwrap_or_default()),
        };
        bindings.entry(key).or_default().get_or_insert_default().push(binding);
    }
    (exposed, bindings)
}

fn port_key(port: &Port) -> String {
    format!("{}/{}", port.target, port.protocol.as_deref().unwrap_or("tcp"))
}

/// An `expose` entry as the engine's keys: `80` is `80/tcp`, `8000-8002/udp` are three.
fn expand(entry: &str) -> Vec<String> {
    let (ports, protocol) = entry.split_once('/').unwrap_or((entry, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last).map(|port| format!("{port}/{protocol}")).collect(),
        _ => Vec::new(),
    }
}

fn healthcheck(check: &Healthcheck, version: ApiVersion) -> api::HealthConfig {
    let nanos = |duration: Option<wharf_compose::model::Duration>| {
        duration.map(|duration| i64::try_from(duration.0.as_nanos()).unwrap_or(i64::MAX))
    };
    let test = if check.disable { vec!["NONE".to_owned()] } else { check.test.clone() };
    api::HealthConfig {
        test: non_empty(&test),
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        retries: check.retries.map(i64::from),
        start_period: nanos(check.start_period),
        start_interval: nanos(check.start_interval).filter(|_| version >= START_INTERVAL_SINCE),
    }
}

/// Binds (`source:target:options`) where the host path is to be created, mounts for all else: the engine creates a path
/// only for a bind.
fn mounts(replica: &Replica<'_>) -> (Vec<String>, Vec<api::Mount>) {
    let mut binds = Vec::new();
    let mut mounts = Vec::new();
    for mount in &replica.service.volumes {
        let create = mount.bind.as_ref().and_then(|bind| bind.create_host_path).unwrap_or(false);
        match mount.kind {
            MountKind::Bind if create => binds.push(bind(mount)),
            _ => mounts.push(api_mount(replica, mount)),
        }
    }
    let of_image = replica.inherited.iter().filter(|old| declared(replica.service, &old.path).is_none());
    mounts.extend(of_image.map(|old| api::Mount {
        target: Some(old.path.clone()),
        source: Some(old.name.clone()),
        typ: Some(api::MountType::VOLUME),
        ..Default::default()
    }));
    let files = [
        (&replica.service.secrets, &replica.project.secrets, "/run/secrets/"),
        (&replica.service.configs, &replica.project.configs, "/"),
    ];
    for (used, defined, directory) in files {
        mounts.extend(used.iter().filter_map(|file| file_mount(file, defined.get(&file.source)?, directory)));
    }
    (binds, mounts)
}

/// Which of the old container's volumes the new one takes over: those of paths at which the file wants an anonymous volume,
/// and those of the image's own volumes (`VOLUME`) unless the file mounts something else there.
pub(crate) fn inherited(
    service: &Service,
    volumes_of_image: &[String],
    old: impl IntoIterator<Item = InheritedVolume>,
) -> Vec<InheritedVolume> {
    let of_image = |path: &str| volumes_of_image.iter().any(|volume| same_path(volume, path));
    let taken_over = |old: &InheritedVolume| match declared(service, &old.path) {
        Some(mount) => mount.kind == MountKind::Volume && mount.source.is_none(),
        None => of_image(&old.path) && !is_covered(service, &old.path),
    };
    old.into_iter().filter(taken_over).collect()
}

fn declared<'a>(service: &'a Service, path: &str) -> Option<&'a Mount> {
    service.volumes.iter().find(|mount| same_path(&mount.target, path))
}

fn inherited_at<'a>(inherited: &'a [InheritedVolume], path: &str) -> Option<&'a InheritedVolume> {
    inherited.iter().find(|old| same_path(&old.path, path))
}

/// Whether a tmpfs, a secret or a config is mounted at a path.
fn is_covered(service: &Service, path: &str) -> bool {
    let mut tmpfs = service.tmpfs.iter().map(|entry| tmpfs(entry).0);
    let secrets = service.secrets.iter().map(|file| file_target(file, "/run/secrets/"));
    let configs = service.configs.iter().map(|file| file_target(file, "/"));
    tmpfs.any(|covered| same_path(&covered, path)) || secrets.chain(configs).any(|covered| same_path(&covered, path))
}

/// Engine and file may differ in a closing slash.
fn same_path(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn bind(mount: &Mount) -> String {
    let options = mount.bind.clone().unwrap_or_default();
    let mut words = vec![if mount.read_only { "ro".to_owned() } else { "rw".to_owned() }];
    words.extend(options.propagation);
    words.extend(options.selinux);
    format!("{}:{}:{}", mount.source.as_deref().unwrap_or_default(), mount.target, words.join(","))
}

fn api_mount(replica: &Replica<'_>, mount: &Mount) -> api::Mount {
    let source = match mount.kind {
        MountKind::Volume => match &mount.source {
            Some(key) => Some(replica.project.volumes.get(key).map_or_else(|| key.clone(), |vol| vol.name.clone())),
            None => inherited_at(replica.inherited, &mount.target).map(|old| old.name.clone()),
        },
        MountKind::Bind => mount.source.clone(),
        _ => None,
    };
    api::Mount {
        target: Some(mount.target.clone()),
        source,
        typ: Some(match mount.kind {
            MountKind::Bind => api::MountType::BIND,
            MountKind::Volume => api::MountType::VOLUME,
            _ => api::MountType::TMPFS,
        }),
        read_only: Some(mount.read_only),
        consistency: mount.consistency.clone(),
        bind_options: mount
            .bind
            .as_ref()
            .and_then(|bind| bind.propagation.as_deref())
            .map(|propagation| api::MountBindOptions { propagation: propagation.parse().ok(), ..Default::default() }),
        volume_options: mount.volume.as_ref().map(|volume| api::MountVolumeOptions {
            no_copy: Some(volume.nocopy),
            subpath: volume.subpath.clone(),
            labels: (!volume.labels.is_empty()).then(|| volume.labels.clone().into_iter().collect()),
            ..Default::default()
        }),
        tmpfs_options: mount.tmpfs.as_ref().map(|tmpfs| api::MountTmpfsOptions {
            size_bytes: tmpfs.size,
            mode: tmpfs.mode.map(i64::from),
            options: None,
        }),
        ..Default::default()
    }
}

/// A secret or config from a file is mounted read-only; one from the environment or with content is copied in later.
fn file_mount(used: &FileMount, defined: &FileObject, directory: &str) -> Option<api::Mount> {
    let file = defined.file.clone()?;
    Some(api::Mount {
        target: Some(file_target(used, directory)),
        source: Some(file),
        typ: Some(api::MountType::BIND),
        read_only: Some(true),
        ..Default::default()
    })
}

/// Where a secret or config appears in the container.
pub(crate) fn file_target(used: &FileMount, directory: &str) -> String {
    match used.target.as_deref() {
        Some(target) if target.starts_with('/') => target.to_owned(),
        Some(target) => format!("{directory}{target}"),
        None => format!("{directory}{}", used.source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::{Options, Project};

    fn project(service: &str) -> Project {
        let text =
            format!("services:\n  web: {{image: x, {service}}}\nvolumes: {{data: }}\nconfigs: {{c: {{content: x}}}}\n");
        Project::load(&Options::from_text(&text)).expect("the project can be loaded").project
    }

    /// Paths and volumes of the new container whose old one had `old` at `/data`, from an image with `VOLUME volumes`.
    fn mounted(service: &str, volumes: &[&str], old: &str) -> Vec<String> {
        let project = project(service);
        let service = &project.services["web"];
        let volumes: Vec<String> = volumes.iter().map(|path| (*path).to_owned()).collect();
        let old = InheritedVolume { name: old.to_owned(), path: "/data".to_owned() };
        let inherited = inherited(service, &volumes, [old]);
        let replica =
            Replica { project: &project, name: "web", service, number: 1, image_id: None, inherited: &inherited };
        let shown = |mount: api::Mount| {
            let text = |value: Option<String>| value.unwrap_or_else(|| "new".to_owned());
            format!("{} at {}", text(mount.source), text(mount.target))
        };
        mounts(&replica).1.into_iter().map(shown).collect()
    }

    #[test]
    fn a_recreated_container_takes_its_anonymous_volume_over_once() {
        assert_eq!(mounted("volumes: [/data]", &[], "old"), ["old at /data"]);
        assert_eq!(mounted("volumes: [{type: volume, target: /data/}]", &[], "old"), ["old at /data"]);
        assert_eq!(mounted("volumes: [/data, /more]", &["/data"], "old"), ["old at /data", "new at /more"]);
        assert_eq!(mounted("tty: true", &["/data/"], "old"), ["old at /data"], "the image's own");
    }

    #[test]
    fn a_path_that_is_something_else_now_is_not_taken_over() {
        assert_eq!(mounted("volumes: [data:/data]", &["/data"], "old"), ["project_data at /data"]);
        assert_eq!(mounted("volumes: [{type: tmpfs, target: /data}]", &["/data"], "old"), ["new at /data"]);
        assert!(mounted("tmpfs: ['/data:size=1m']", &["/data"], "old").is_empty());
        assert!(mounted("configs: [{source: c, target: /data}]", &["/data"], "old").is_empty());
        assert!(mounted("tty: true", &[], "old").is_empty(), "neither the file nor the image wants a volume there");
    }
}
