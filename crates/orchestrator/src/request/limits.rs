//! How much of the machine a container may use.

use bollard::models as api;
use wharf_compose::model::{
    BlkioConfig, Reservations, ResourceLimits, Resources, Service, ThrottleDevice, Ulimit, WeightDevice,
};

use super::devices::device_request;

/// Puts a service's limits into `config`. Those of `deploy` win.
pub(super) fn apply(service: &Service, config: &mut api::HostConfig) {
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
    config.pids_limit = service.pids_limit;
    config.ulimits = Some(service.ulimits.iter().map(ulimit).collect());
    if let Some(blkio) = &service.blkio_config {
        block_devices(blkio, config);
    }
    if let Some(resources) = service.deploy.as_ref().and_then(|deploy| deploy.resources.as_ref()) {
        deployed(resources, config);
    }
}

fn deployed(resources: &Resources, config: &mut api::HostConfig) {
    let Resources { limits, reservations } = resources;
    if let Some(ResourceLimits { cpus, memory, pids }) = limits {
        config.nano_cpus = cpus.map(nano).or(config.nano_cpus);
        config.memory = memory.or(config.memory);
        config.pids_limit = pids.or(config.pids_limit);
    }
    if let Some(reservations) = reservations {
        // One engine reserves no CPUs, and knows no resources by name.
        let Reservations { cpus: _, memory, devices, generic_resources: _ } = reservations;
        config.memory_reservation = memory.or(config.memory_reservation);
        config.device_requests.get_or_insert_default().extend(devices.iter().map(device_request));
    }
}

fn nano(cpus: f64) -> i64 {
    (cpus * 1e9).round() as i64
}

fn ulimit((name, limit): (&String, &Ulimit)) -> api::ResourcesUlimits {
    let (soft, hard) = match *limit {
        Ulimit::Single(both) => (both, both),
        Ulimit::Pair { soft, hard } => (soft, hard),
    };
    api::ResourcesUlimits { name: Some(name.clone()), soft: Some(soft), hard: Some(hard) }
}

fn block_devices(blkio: &BlkioConfig, config: &mut api::HostConfig) {
    let BlkioConfig { weight, weight_device, device_read_bps, device_read_iops, device_write_bps, device_write_iops } =
        blkio;
    let weights = |WeightDevice { path, weight }: &WeightDevice| api::ResourcesBlkioWeightDevice {
        path: Some(path.clone()),
        weight: Some((*weight).into()),
    };
    let throttles = |devices: &[ThrottleDevice]| {
        let throttle = |ThrottleDevice { path, rate }: &ThrottleDevice| api::ThrottleDevice {
            path: Some(path.clone()),
            rate: *rate,
        };
        Some(devices.iter().map(throttle).collect())
    };
    config.blkio_weight = *weight;
    config.blkio_weight_device = Some(weight_device.iter().map(weights).collect());
    config.blkio_device_read_bps = throttles(device_read_bps);
    config.blkio_device_read_iops = throttles(device_read_iops);
    config.blkio_device_write_bps = throttles(device_write_bps);
    config.blkio_device_write_iops = throttles(device_write_iops);
}
