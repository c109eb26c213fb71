//! Limits, devices and namespaces of a service, as the Engine API's `HostConfig` has them. Pure.

use bollard::models as api;
use wharf_compose::Project;
use wharf_compose::model::{DeviceRequest, RestartPolicy, Service, ThrottleDevice, Ulimit};

use crate::plan;

/// Puts a service's limits, devices and namespaces into `config`.
pub(crate) fn apply(project: &Project, service: &Service, config: &mut api::HostConfig) {
    cpu_and_memory(service, config);
    devices(service, config);
    namespaces(project, service, config);
    let deploy = service.deploy.clone().unwrap_or_default();
    if let Some(limits) = deploy.resources.as_ref().and_then(|resources| resources.limits.as_ref()) {
        config.nano_cpus = limits.cpus.map(nano).or(config.nano_cpus);
        config.memory = limits.memory.or(config.memory);
        config.pids_limit = limits.pids.or(config.pids_limit);
    }
    if let Some(reserved) = deploy.resources.as_ref().and_then(|resources| resources.reservations.as_ref()) {
        config.memory_reservation = reserved.memory.or(config.memory_reservation);
        let asked = reserved.devices.iter().map(device_request);
        config.device_requests.get_or_insert_default().extend(asked);
    }
    if service.restart.is_none() {
        config.restart_policy = deploy.restart_policy.as_ref().map(restart_policy);
    }
}

fn nano(cpus: f64) -> i64 {
    (cpus * 1e9).round() as i64
}

fn cpu_and_memory(service: &Service, config: &mut api::HostConfig) {
    config.cpu_shares = service.cpu_shares;
    config.cpu_period = service.cpu_period;
    config.cpu_quota = service.cpu_quota;
    config.cpu_realtime_period = service.cpu_rt_period;
    config.cpu_realtime_runtime = service.cpu_rt_runtime;
    config.cpu_count = service.cpu_count;
    config.cpu_percent = service.cpu_percent.map(|percent| percent as i64);
    config.nano_cpus = service.cpus.map(nano);
    config.cpuset_cpus.clone_from(&service.cpuset);
    config.memory = service.mem_limit;
    config.memory_reservation = service.mem_reservation;
    config.memory_swap = service.memswap_limit;
    config.memory_swappiness = service.mem_swappiness;
    config.oom_kill_disable = service.oom_kill_disable.then_some(true);
    config.oom_score_adj = service.oom_score_adj;
    config.pids_limit = service.pids_limit;
    let ulimits = service.ulimits.iter().map(|(name, limit)| {
        let (soft, hard) = match *limit {
            Ulimit::Single(both) => (both, both),
            Ulimit::Pair { soft, hard } => (soft, hard),
        };
        api::ResourcesUlimits { name: Some(name.clone()), soft: Some(soft), hard: Some(hard) }
    });
    config.ulimits = Some(ulimits.collect());
    if let Some(blkio) = &service.blkio_config {
        let throttles = |devices: &[ThrottleDevice]| {
            let throttle =
                |device: &ThrottleDevice| api::ThrottleDevice { path: Some(device.path.clone()), rate: device.rate };
            Some(devices.iter().map(throttle).collect())
        };
        config.blkio_weight = blkio.weight;
        config.blkio_weight_device = Some(
            blkio
                .weight_device
                .iter()
                .map(|device| api::ResourcesBlkioWeightDevice {
                    path: Some(device.path.clone()),
                    weight: Some(device.weight.into()),
                })
                .collect(),
        );
        config.blkio_device_read_bps = throttles(&blkio.device_read_bps);
        config.blkio_device_read_iops = throttles(&blkio.device_read_iops);
        config.blkio_device_write_bps = throttles(&blkio.device_write_bps);
        config.blkio_device_write_iops = throttles(&blkio.device_write_iops);
    }
}

fn devices(service: &Service, config: &mut api::HostConfig) {
    let mappings = service.devices.iter().map(|device| api::DeviceMapping {
        path_on_host: Some(device.source.clone()),
        path_in_container: Some(device.target.clone().unwrap_or_else(|| device.source.clone())),
        cgroup_permissions: Some(device.permissions.clone().unwrap_or_else(|| "rwm".to_owned())),
    });
    config.devices = Some(mappings.collect());
    config.device_cgroup_rules = Some(service.device_cgroup_rules.clone());
    config.device_requests = Some(service.gpus.iter().map(device_request).collect());
}

fn device_request(request: &DeviceRequest) -> api::DeviceRequest {
    api::DeviceRequest {
        driver: request.driver.clone(),
        // Without a number or names all devices are meant.
        count: request.count.or_else(|| request.device_ids.is_empty().then_some(-1)),
        device_ids: Some(request.device_ids.clone()),
        capabilities: Some(vec![match request.capabilities.is_empty() {
            true => vec!["gpu".to_owned()],
            false => request.capabilities.clone(),
        }]),
        options: Some(request.options.clone().into_iter().collect()),
    }
}

fn namespaces(project: &Project, service: &Service, config: &mut api::HostConfig) {
    let shared = |mode: &Option<String>| {
        mode.as_deref().map(|mode| match mode.strip_prefix("service:") {
            Some(name) => format!("container:{}", plan::replica_name(project, name, 1)),
            None => mode.to_owned(),
        })
    };
    config.pid_mode = shared(&service.pid);
    config.ipc_mode = shared(&service.ipc);
    config.uts_mode.clone_from(&service.uts);
    config.userns_mode.clone_from(&service.userns_mode);
    config.cgroupns_mode = service.cgroup.as_deref().and_then(|mode| mode.parse().ok());
    config.cgroup_parent.clone_from(&service.cgroup_parent);
    config.isolation = service.isolation.as_deref().and_then(|isolation| isolation.parse().ok());
    config.runtime.clone_from(&service.runtime);
    config.privileged = service.privileged.then_some(true);
    config.group_add = Some(service.group_add.clone());
    config.storage_opt = Some(service.storage_opt.clone().into_iter().collect());
    config.annotations = (!service.annotations.is_empty()).then(|| service.annotations.clone().into_iter().collect());
    config.dns = Some(service.dns.clone());
    config.dns_options = Some(service.dns_opt.clone());
    config.dns_search = Some(service.dns_search.clone());
    config.volumes_from = Some(service.volumes_from.iter().map(|from| volumes_from(project, from)).collect());
}

/// `SERVICE[:ro]` or `container:NAME[:ro]`, as a container's name.
fn volumes_from(project: &Project, from: &str) -> String {
    match from.strip_prefix("container:") {
        Some(container) => container.to_owned(),
        None => {
            let (service, mode) = from.split_once(':').unwrap_or((from, "rw"));
            format!("{}:{mode}", plan::replica_name(project, service, 1))
        }
    }
}

/// `deploy.restart_policy`, where the service has no `restart` of its own.
fn restart_policy(policy: &RestartPolicy) -> api::RestartPolicy {
    let name = match policy.condition.as_deref() {
        Some("none") => api::RestartPolicyNameEnum::NO,
        Some("on-failure") => api::RestartPolicyNameEnum::ON_FAILURE,
        _ => api::RestartPolicyNameEnum::ALWAYS,
    };
    let most = policy.max_attempts.and_then(|attempts| i64::try_from(attempts).ok());
    let maximum_retry_count = most.filter(|_| name == api::RestartPolicyNameEnum::ON_FAILURE);
    api::RestartPolicy { name: Some(name), maximum_retry_count }
}
