//! What the reader understands and wharf cannot act on is refused by name and place, never ignored.

use wharf_compose::Project;
use wharf_compose::model::{
    BindOptions, Deploy, DeployRestartPolicy, FileMount, FileObject, Healthcheck, Hook, Ipam, IpamPool, Mount,
    MountKind, Network, Port, PullPolicy, Reservations, ResourceLimits, Resources, Service, ServiceNetwork,
    TmpfsOptions, Volume, VolumeOptions,
};

use super::builds;
use crate::Problem;
use crate::request::{Keys, bind, keys};

/// A key that is asked about: its path, whether it is set in a way that cannot be done, and what to do instead.
type Asked = (String, bool, &'static str);

/// What a service asks for that cannot be done.
pub(super) fn problems(project: &Project, name: &str, service: &Service) -> Vec<Problem> {
    bind!(Service {
        build configs credential_spec external_links models networks pre_start pull_policy pull_refresh_after secrets
            use_api_socket volumes;
        not annotations attach blkio_config cap_add cap_drop cgroup cgroup_parent command container_name cpu_count
            cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset depends_on
            device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose
            extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels labels_from links logging
            mac_address mem_limit mem_reservation mem_swappiness memswap_limit network_mode oom_kill_disable
            oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider read_only restart
            runtime scale security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty
            ulimits user userns_mode uts volumes_from working_dir;
        // As in docker compose, what speaks of a cluster has no effect. `watch` judges `develop` itself.
        not deploy develop extensions;
    } = service);
    let age = "say how old the image may become: `pull_policy: every_1d`";
    let mut asked: Vec<Asked> = [
        (
            "models",
            !models.is_empty(),
            "run the model as a service of its own, or by a provider: `provider: {type: model, options: {model: ...}}`",
        ),
        ("credential_spec", credential_spec.is_some(), "it is for Windows containers"),
        ("use_api_socket", *use_api_socket, "mount the engine's socket as a volume"),
        ("external_links", !external_links.is_empty(), "join a network that both use (`external: true`)"),
        ("pull_policy", *pull_policy == Some(PullPolicy::Refresh), age),
        ("pull_refresh_after", pull_refresh_after.is_some(), age),
    ]
    .map(|(key, asked, help)| (key.to_owned(), asked, help))
    .into();
    for (index, mount) in volumes.iter().enumerate() {
        asked.extend(mount_keys(mount).map(|(key, asked, help)| (format!("volumes[{index}].{key}"), asked, help)));
    }
    for (index, hook) in pre_start.iter().enumerate() {
        let help = "it then runs once for the service, before its first replica";
        bind!(Hook { per_replica; not command environment image privileged user working_dir; } = hook);
        asked.push((format!("pre_start[{index}].per_replica"), *per_replica, help));
    }
    for (key, network) in networks {
        let Some(network) = network else { continue };
        bind!(ServiceNetwork {
            interface_name;
            not aliases driver_opts gw_priority ipv4_address ipv6_address link_local_ips mac_address priority;
        } = network);
        let help = "leave the interface's name to the engine";
        asked.push((format!("networks.{key}.interface_name"), interface_name.is_some(), help));
    }
    let mut problems = refused(project, name, &format!("services.{name}"), asked);
    problems.extend(build.iter().flat_map(|build| builds::problems(project, name, build)));
    for (kind, used, defined) in [("secrets", secrets, &project.secrets), ("configs", configs, &project.configs)] {
        for (key, object) in used.iter().filter_map(|file| defined.get_key_value(&file.source)) {
            problems.extend(refused(project, name, &format!("{kind}.{key}"), file_keys(object)));
        }
    }
    problems
}

/// Problems of those keys below `path` that are set.
fn refused(project: &Project, name: &str, path: &str, asked: impl IntoIterator<Item = Asked>) -> Vec<Problem> {
    let own = format!("services.{name}");
    let problem = |(key, _, help): Asked| {
        let path = format!("{path}.{key}");
        let shown = path.strip_prefix(&own).map_or(path.as_str(), |key| key.trim_start_matches('.'));
        Problem {
            message: format!("service {name}: wharf cannot do `{shown}` yet"),
            place: project.places.get(&path).cloned(),
            help: Some(help.to_owned()),
        }
    };
    asked.into_iter().filter(|(_, asked, _)| *asked).map(problem).collect()
}

fn mount_keys(mount: &Mount) -> impl Iterator<Item = Asked> {
    bind!(Mount { kind bind; not consistency image read_only source target tmpfs volume; } = mount);
    let known = matches!(kind, MountKind::Bind | MountKind::Volume | MountKind::Tmpfs);
    let read_only_below = bind.as_ref().is_some_and(|options| {
        bind!(BindOptions { recursive; not create_host_path propagation selinux; } = options);
        recursive.as_deref() == Some("readonly")
    });
    let help = "leave it out: an engine of API 1.44 or later makes mounts below read-only, too, where the kernel can";
    [
        ("type".to_owned(), !known, "use a volume, a bind mount or a tmpfs"),
        ("bind.recursive".to_owned(), read_only_below, help),
    ]
    .into_iter()
}

fn file_keys(object: &FileObject) -> impl Iterator<Item = Asked> {
    bind!(FileObject {
        driver driver_opts external template_driver;
        not content environment file labels name value;
    } = object);
    let help = "it is for a cluster: use `file:`, `environment:` or `content:`";
    [
        ("driver".to_owned(), driver.is_some(), help),
        ("external".to_owned(), *external, help),
        ("driver_opts".to_owned(), !driver_opts.is_empty(), help),
        ("template_driver".to_owned(), template_driver.is_some(), help),
    ]
    .into_iter()
}

/// Structs of which nothing is refused.
const _: &[Keys] = &[
    keys!(Network { done: attachable driver driver_opts enable_ipv4 enable_ipv6 external internal ipam labels name; }),
    keys!(Ipam { done: config driver options; }),
    keys!(IpamPool { done: aux_addresses gateway ip_range subnet; }),
    keys!(Volume { done: driver driver_opts external labels name; }),
    keys!(VolumeOptions { done: labels nocopy subpath; }),
    keys!(TmpfsOptions { done: mode size; }),
    keys!(Healthcheck { done: disable interval retries start_interval start_period test timeout; }),
    keys!(Port { done: host_ip protocol published target; no_effect: app_protocol mode name; }),
    // A mount shows a file with the owner and the mode that it has; they count for what is written into the container.
    keys!(FileMount { done: gid mode source target uid; }),
    keys!(Deploy {
        done: replicas resources restart_policy;
        no_effect: endpoint_mode labels mode placement rollback_config update_config;
    }),
    keys!(Resources { done: limits reservations; }),
    keys!(ResourceLimits { done: cpus memory pids; }),
    keys!(Reservations { done: devices memory; no_effect: cpus generic_resources; }),
    keys!(DeployRestartPolicy { done: condition max_attempts; no_effect: delay window; }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    /// What is refused of a service with these keys: key, line, and help.
    fn refusals(keys: &str, rest: &str) -> Vec<String> {
        let text = format!("services:\n  web: {{{keys}}}\n{rest}");
        let project = Project::load(&Options::from_text(&text)).expect("the project can be loaded").project;
        let problems = problems(&project, "web", &project.services["web"]);
        let shown = |problem: Problem| {
            let key = problem.message.split('`').nth(1).unwrap_or_default().to_owned();
            format!("{key} in line {}", problem.place.map(|place| place.line).unwrap_or_default())
        };
        problems.into_iter().map(shown).collect()
    }

    #[test]
    fn keys_that_nothing_would_act_on_are_refused_with_their_place() {
        for (key, keys) in [
            ("pull_policy", "pull_policy: refresh"),
            ("pull_refresh_after", "pull_refresh_after: 1d"),
            (
                "volumes[0].bind.recursive",
                "volumes: [{type: bind, source: /a, target: /a, read_only: true, bind: {recursive: readonly}}]",
            ),
        ] {
            assert_eq!(refusals(&format!("image: x, {keys}"), ""), [format!("{key} in line 2")]);
        }
        let template = "configs: {site: {file: /x, template_driver: golang}}";
        assert_eq!(refusals("image: x, configs: [site]", template), ["configs.site.template_driver in line 3"]);
        let driver = "secrets: {token: {file: /x, driver: vault}}";
        assert_eq!(refusals("image: x, secrets: [token]", driver), ["secrets.token.driver in line 3"]);
        let external = "secrets: {token: {external: true}}";
        assert_eq!(refusals("image: x, secrets: [token]", external), ["secrets.token.external in line 3"]);
    }

    #[test]
    fn what_is_done_anyway_is_not_refused() {
        for keys in [
            "image: x, volumes: [{type: bind, source: /a, target: /a, bind: {recursive: disabled}}]",
            "image: x, pull_policy: every_1d",
        ] {
            assert!(refusals(keys, "").is_empty(), "{keys}");
        }
    }
}
