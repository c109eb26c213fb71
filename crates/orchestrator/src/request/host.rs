//! What a container has of its host: namespaces, privileges, name resolution, restarts.

use bollard::models as api;
use wharf_compose::model::{
    DeployRestartPolicy, Logging, Namespace, RestartPolicy, Service, VolumesFrom, VolumesSource,
};
use wharf_docker::ApiVersion;

use super::devices::{device, device_request};
use super::namespace::shared_with;
use super::networks::{links, network_mode};
use super::replica::Replica;
use super::{limits, mounts, security};

/// The `HostConfig` of a container.
pub(super) fn host_config(replica: &Replica<'_>, bindings: api::PortMap, version: ApiVersion) -> api::HostConfig {
    let service = replica.service;
    let (binds, mounts) = mounts::mounts(replica, version);
    let shared = |mode: &Option<Namespace>| mode.as_ref().map(|mode| shared_with(replica, mode));
    let mut config = api::HostConfig {
        annotations: (!service.annotations.is_empty()).then(|| service.annotations.clone().into_iter().collect()),
        binds: Some(binds),
        mounts: Some(mounts),
        port_bindings: Some(bindings),
        network_mode: Some(network_mode(replica)),
        restart_policy: restart_policy(service),
        cap_add: non_empty(&service.cap_add),
        cap_drop: non_empty(&service.cap_drop),
        cgroup_parent: service.cgroup_parent.clone(),
        cgroupns_mode: shared(&service.cgroup).and_then(|mode| mode.parse().ok()),
        device_cgroup_rules: Some(service.device_cgroup_rules.clone()),
        device_requests: Some(service.gpus.iter().map(device_request).collect()),
        devices: Some(service.devices.iter().map(device).collect()),
        dns: Some(service.dns.clone()),
        dns_options: Some(service.dns_opt.clone()),
        dns_search: Some(service.dns_search.clone()),
        extra_hosts: non_empty(&service.extra_hosts.iter().map(|host| host.replacen('=', ":", 1)).collect::<Vec<_>>()),
        group_add: Some(service.group_add.clone()),
        init: service.init,
        ipc_mode: shared(&service.ipc),
        isolation: service.isolation.as_deref().and_then(|isolation| isolation.parse().ok()),
        // On a network of the project links are part of the endpoint.
        links: non_empty(&links(replica)).filter(|_| service.networks.is_empty()),
        log_config: service.logging.as_ref().map(log_config),
        oom_kill_disable: service.oom_kill_disable.then_some(true),
        oom_score_adj: service.oom_score_adj,
        pid_mode: shared(&service.pid),
        privileged: service.privileged.then_some(true),
        readonly_rootfs: Some(service.read_only),
        runtime: service.runtime.clone(),
        shm_size: service.shm_size,
        storage_opt: Some(service.storage_opt.clone().into_iter().collect()),
        sysctls: (!service.sysctls.is_empty()).then(|| service.sysctls.clone().into_iter().collect()),
        tmpfs: (!service.tmpfs.is_empty()).then(|| service.tmpfs.iter().map(|entry| mounts::tmpfs(entry)).collect()),
        userns_mode: shared(&service.userns_mode),
        uts_mode: shared(&service.uts),
        volumes_from: Some(service.volumes_from.iter().map(|from| volumes_from(replica, from)).collect()),
        ..Default::default()
    };
    limits::apply(service, &mut config);
    security::apply(service, &mut config);
    config
}

fn non_empty(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// A container's name, and the mode if it has one.
fn volumes_from(replica: &Replica<'_>, VolumesFrom { source, mode }: &VolumesFrom) -> String {
    match (source, mode) {
        (VolumesSource::Container(name), None) => name.clone(),
        (VolumesSource::Container(name), Some(mode)) => format!("{name}:{mode}"),
        (VolumesSource::Service(service), mode) => {
            format!("{}:{}", replica.owners.id(replica.project, service), mode.as_deref().unwrap_or("rw"))
        }
    }
}

fn log_config(Logging { driver, options }: &Logging) -> api::HostConfigLogConfig {
    api::HostConfigLogConfig { typ: driver.clone(), config: Some(options.clone().into_iter().collect()) }
}

/// `deploy.restart_policy`, else `restart` (Compose specification, Deploy).
fn restart_policy(service: &Service) -> Option<api::RestartPolicy> {
    let deployed = service.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref());
    deployed.map(deployed_restart_policy).or_else(|| service.restart.as_ref().map(own_restart_policy))
}

fn own_restart_policy(policy: &RestartPolicy) -> api::RestartPolicy {
    // What is no policy is refused before.
    let (name, retries) = match policy.meant().unwrap_or(RestartPolicy::No) {
        RestartPolicy::Always => (api::RestartPolicyNameEnum::ALWAYS, None),
        RestartPolicy::UnlessStopped => (api::RestartPolicyNameEnum::UNLESS_STOPPED, None),
        RestartPolicy::OnFailure { max_retries } => (api::RestartPolicyNameEnum::ON_FAILURE, max_retries),
        RestartPolicy::No | RestartPolicy::Other(_) => (api::RestartPolicyNameEnum::NO, None),
    };
    api::RestartPolicy { name: Some(name), maximum_retry_count: retries.map(i64::from) }
}

fn deployed_restart_policy(policy: &DeployRestartPolicy) -> api::RestartPolicy {
    // The engine has waiting times of its own.
    let DeployRestartPolicy { condition, max_attempts, delay: _, window: _ } = policy;
    let name = match condition.as_deref() {
        Some("none" | "no") => api::RestartPolicyNameEnum::NO,
        Some("unless-stopped") => api::RestartPolicyNameEnum::UNLESS_STOPPED,
        Some("on-failure") => api::RestartPolicyNameEnum::ON_FAILURE,
        _ => api::RestartPolicyNameEnum::ALWAYS,
    };
    let most = max_attempts.and_then(|attempts| i64::try_from(attempts).ok());
    let maximum_retry_count = most.filter(|_| name == api::RestartPolicyNameEnum::ON_FAILURE);
    api::RestartPolicy { name: Some(name), maximum_retry_count }
}
