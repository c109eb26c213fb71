//! The containers' metrics: cAdvisor's names, and the labels that its dashboards select by.

use std::collections::HashMap;

use wharf_docker::labels::IMAGE;

use super::container::Container;
use crate::description::{Description, descriptions};
use crate::exposition::Label;
use crate::families::Families;
use crate::resource_usage::{DeviceIo, Interface, Stall, Usage};

descriptions! { ALL:
    LAST_SEEN = Gauge "container_last_seen" [] "When the container was last seen, in seconds since 1970.";
    START_TIME = Gauge "container_start_time_seconds" [] "When the container was started, in seconds since 1970.";
    IMAGE_INFO = Gauge "container_image_info" ["image_id"] "1; image_id is the image from which Compose created the container. Only with Compose.";
    RESTARTS = Counter "container_restarts_total" [] "How often the engine has restarted the container.";
    HEALTH = Gauge "container_health_state" [] "1: healthy; 0: unhealthy or not yet known. Only with a health check.";
    CPU_USAGE = Counter "container_cpu_usage_seconds_total" ["cpu"] "CPU time used, in seconds; cpu is always total.";
    CPU_USER = Counter "container_cpu_user_seconds_total" [] "CPU time used in user mode, in seconds.";
    CPU_SYSTEM = Counter "container_cpu_system_seconds_total" [] "CPU time used in the kernel, in seconds.";
    CFS_PERIODS = Counter "container_cpu_cfs_periods_total" [] "Enforcement periods that have passed. Only with a CPU limit.";
    CFS_THROTTLED_PERIODS = Counter "container_cpu_cfs_throttled_periods_total" [] "Enforcement periods in which the container was throttled. Only with a CPU limit.";
    CFS_THROTTLED = Counter "container_cpu_cfs_throttled_seconds_total" [] "How long the container was throttled, in seconds. Only with a CPU limit.";
    MEMORY_USAGE = Gauge "container_memory_usage_bytes" [] "Memory in use, page cache included.";
    MEMORY_WORKING_SET = Gauge "container_memory_working_set_bytes" [] "Memory in use without the page cache that is given up first.";
    MEMORY_RSS = Gauge "container_memory_rss" [] "Anonymous memory, in bytes.";
    MEMORY_CACHE = Gauge "container_memory_cache" [] "Page cache, in bytes.";
    MEMORY_SWAP = Gauge "container_memory_swap" [] "Swap in use, in bytes.";
    MEMORY_MAX_USAGE = Gauge "container_memory_max_usage_bytes" [] "The most memory that was in use.";
    MEMORY_FAILCNT = Counter "container_memory_failcnt" [] "How often the memory limit was reached.";
    OOM_EVENTS = Counter "container_oom_events_total" [] "How often the container ran out of memory.";
    RECEIVE_BYTES = Counter "container_network_receive_bytes_total" ["interface"] "Bytes received.";
    RECEIVE_PACKETS = Counter "container_network_receive_packets_total" ["interface"] "Packets received.";
    RECEIVE_DROPPED = Counter "container_network_receive_packets_dropped_total" ["interface"] "Packets dropped while receiving.";
    RECEIVE_ERRORS = Counter "container_network_receive_errors_total" ["interface"] "Errors while receiving.";
    TRANSMIT_BYTES = Counter "container_network_transmit_bytes_total" ["interface"] "Bytes sent.";
    TRANSMIT_PACKETS = Counter "container_network_transmit_packets_total" ["interface"] "Packets sent.";
    TRANSMIT_DROPPED = Counter "container_network_transmit_packets_dropped_total" ["interface"] "Packets dropped while sending.";
    TRANSMIT_ERRORS = Counter "container_network_transmit_errors_total" ["interface"] "Errors while sending.";
    FS_READS_BYTES = Counter "container_fs_reads_bytes_total" ["device"] "Bytes read from the device. Only once there was I/O.";
    FS_READS = Counter "container_fs_reads_total" ["device"] "Reads from the device.";
    FS_WRITES_BYTES = Counter "container_fs_writes_bytes_total" ["device"] "Bytes written to the device.";
    FS_WRITES = Counter "container_fs_writes_total" ["device"] "Writes to the device.";
    FS_USAGE = Gauge "container_fs_usage_bytes" ["device"] "Size of the container's writable layer, at most a minute old.";
    SPEC_CPU_PERIOD = Gauge "container_spec_cpu_period" [] "Length of an enforcement period, in microseconds. Only with a CPU limit.";
    SPEC_CPU_QUOTA = Gauge "container_spec_cpu_quota" [] "CPU time in a period, in microseconds. Only with a CPU limit.";
    SPEC_MEMORY_LIMIT = Gauge "container_spec_memory_limit_bytes" [] "Memory limit; 0: none.";
    SPEC_MEMORY_RESERVATION = Gauge "container_spec_memory_reservation_limit_bytes" [] "Memory reservation; 0: none.";
}

descriptions! { MORE:
    CREATION_TIME = Gauge "container_creation_time_seconds" [] "When the container was created, in seconds since 1970.";
    MEMORY_MAPPED_FILE = Gauge "container_memory_mapped_file" [] "Memory-mapped files, in bytes.";
    MEMORY_FAILURES = Counter "container_memory_failures_total" ["failure_type", "scope"] "Page faults (pgfault), and those that had to read from disk (pgmajfault).";
    PROCESSES = Gauge "container_processes" [] "Processes in the container.";
    THREADS = Gauge "container_threads" [] "Threads in the container.";
    THREADS_MAX = Gauge "container_threads_max" [] "Threads that the container may have; 0: no limit.";
    SPEC_CPU_SHARES = Gauge "container_spec_cpu_shares" [] "Share of the CPU; 1024 is the default.";
    SPEC_MEMORY_SWAP = Gauge "container_spec_memory_swap_limit_bytes" [] "Limit on memory and swap (cgroup 1) or swap alone (cgroup 2); 0: none.";
    PRESSURE_CPU_WAITING = Counter "container_pressure_cpu_waiting_seconds_total" [] "How long some task waited for a CPU, in seconds (cgroup 2).";
    PRESSURE_CPU_STALLED = Counter "container_pressure_cpu_stalled_seconds_total" [] "How long all tasks waited for a CPU, in seconds (cgroup 2).";
    PRESSURE_MEMORY_WAITING = Counter "container_pressure_memory_waiting_seconds_total" [] "How long some task waited for memory, in seconds (cgroup 2).";
    PRESSURE_MEMORY_STALLED = Counter "container_pressure_memory_stalled_seconds_total" [] "How long all tasks waited for memory, in seconds (cgroup 2).";
    PRESSURE_IO_WAITING = Counter "container_pressure_io_waiting_seconds_total" [] "How long some task waited for I/O, in seconds (cgroup 2).";
    PRESSURE_IO_STALLED = Counter "container_pressure_io_stalled_seconds_total" [] "How long all tasks waited for I/O, in seconds (cgroup 2).";
}

descriptions! { MACHINE:
    CPU_CORES = Gauge "machine_cpu_cores" [] "CPUs of the machine.";
    MEMORY = Gauge "machine_memory_bytes" [] "Memory of the machine.";
    SWAP = Gauge "machine_swap_bytes" [] "Swap of the machine.";
}

/// Device names by their numbers, as `/proc/diskstats` has them.
pub(super) type Devices = HashMap<(u32, u32), String>;

/// A container that is turned into metric families.
pub(super) struct Row<'a> {
    pub(super) families: &'a mut Families,
    pub(super) labels: &'a [Label],
    pub(super) devices: &'a Devices,
    /// Whether to include the metrics of [`MORE`].
    pub(super) more: bool,
}

impl Row<'_> {
    fn add(&mut self, description: &Description, value: f64) {
        self.families.add_to(description, self.labels, &[], value);
    }

    fn add_if(&mut self, description: &Description, value: Option<u64>) {
        if let Some(value) = value {
            self.add(description, value as f64);
        }
    }

    /// Metrics from the engine's description of the container.
    pub(super) fn container(&mut self, container: &Container, now: f64) {
        if container.pid.is_some() {
            self.add(&LAST_SEEN, now.floor());
            if let Some(started) = container.started {
                self.add(&START_TIME, started.floor());
            }
            if let Some(image_id) = container.label(IMAGE) {
                self.families.add_to(&IMAGE_INFO, self.labels, &[image_id], 1.0);
            }
            if let Some(healthy) = container.healthy {
                self.add(&HEALTH, f64::from(u8::from(healthy)));
            }
            if self.more {
                self.add(&CREATION_TIME, container.created.floor());
            }
        } else {
            self.add(&OOM_EVENTS, container.oom_events as f64);
        }
        self.add(&RESTARTS, container.restarts as f64);
    }

    /// Size of the writable layer on the engine's device.
    pub(super) fn layer(&mut self, device: &str, bytes: u64) {
        self.families.add_to(&FS_USAGE, self.labels, &[device], bytes as f64);
    }

    /// Metrics of what the container uses. The engine reported `oom_events`.
    pub(super) fn usage(&mut self, usage: &Usage, oom_events: u64) {
        self.cpu(usage);
        self.memory(usage, oom_events);
        for interface in &usage.network {
            self.interface(interface);
        }
        for device in &usage.io {
            self.device(device);
        }
        if self.more {
            self.add_if(&PROCESSES, usage.processes);
            self.add_if(&THREADS, usage.threads);
            self.add_if(&THREADS_MAX, usage.threads_max);
            self.pressure(usage.pressure.cpu, [&PRESSURE_CPU_WAITING, &PRESSURE_CPU_STALLED]);
            self.pressure(usage.pressure.memory, [&PRESSURE_MEMORY_WAITING, &PRESSURE_MEMORY_STALLED]);
            self.pressure(usage.pressure.io, [&PRESSURE_IO_WAITING, &PRESSURE_IO_STALLED]);
        }
    }

    fn cpu(&mut self, usage: &Usage) {
        if let Some(cpu) = usage.cpu {
            self.families.add_to(&CPU_USAGE, self.labels, &["total"], cpu.total);
            self.add(&CPU_USER, cpu.user);
            self.add(&CPU_SYSTEM, cpu.system);
        }
        if let Some(throttling) = usage.throttling {
            self.add(&CFS_PERIODS, throttling.periods as f64);
            self.add(&CFS_THROTTLED_PERIODS, throttling.throttled_periods as f64);
            self.add(&CFS_THROTTLED, throttling.throttled);
        }
        if usage.limits.cpu_quota.is_some() {
            self.add_if(&SPEC_CPU_QUOTA, usage.limits.cpu_quota);
            self.add_if(&SPEC_CPU_PERIOD, usage.limits.cpu_period);
        }
        if self.more {
            self.add_if(&SPEC_CPU_SHARES, usage.limits.cpu_shares);
        }
    }

    fn memory(&mut self, usage: &Usage, oom_events: u64) {
        let Some(memory) = usage.memory else { return };
        self.add(&MEMORY_USAGE, memory.usage as f64);
        self.add(&MEMORY_WORKING_SET, memory.working_set as f64);
        self.add(&MEMORY_RSS, memory.rss as f64);
        self.add(&MEMORY_CACHE, memory.cache as f64);
        self.add(&MEMORY_SWAP, memory.swap as f64);
        self.add_if(&MEMORY_MAX_USAGE, memory.max_usage);
        self.add_if(&MEMORY_FAILCNT, memory.failcnt);
        // The file restarts at 0 with the container, which such an event often ends. The engine's events continue.
        self.add(&OOM_EVENTS, memory.oom_kills.unwrap_or(0).max(oom_events) as f64);
        self.add_if(&SPEC_MEMORY_LIMIT, usage.limits.memory);
        self.add_if(&SPEC_MEMORY_RESERVATION, usage.limits.memory_reservation);
        if self.more {
            self.add_if(&SPEC_MEMORY_SWAP, usage.limits.memory_swap);
            self.add(&MEMORY_MAPPED_FILE, memory.mapped_file as f64);
            for (kind, faults) in [("pgfault", memory.page_faults), ("pgmajfault", memory.major_page_faults)] {
                for scope in ["container", "hierarchy"] {
                    self.families.add_to(&MEMORY_FAILURES, self.labels, &[kind, scope], faults as f64);
                }
            }
        }
    }

    fn interface(&mut self, interface: &Interface) {
        let (received, transmitted) = (interface.received, interface.transmitted);
        for (description, value) in [
            (&RECEIVE_BYTES, received.bytes),
            (&RECEIVE_PACKETS, received.packets),
            (&RECEIVE_DROPPED, received.dropped),
            (&RECEIVE_ERRORS, received.errors),
            (&TRANSMIT_BYTES, transmitted.bytes),
            (&TRANSMIT_PACKETS, transmitted.packets),
            (&TRANSMIT_DROPPED, transmitted.dropped),
            (&TRANSMIT_ERRORS, transmitted.errors),
        ] {
            self.families.add_to(description, self.labels, &[&interface.name], value as f64);
        }
    }

    fn device(&mut self, io: &DeviceIo) {
        let name = match self.devices.get(&(io.major, io.minor)) {
            Some(name) => format!("/dev/{name}"),
            None => format!("{}:{}", io.major, io.minor),
        };
        for (description, value) in [
            (&FS_READS_BYTES, io.read_bytes),
            (&FS_READS, io.reads),
            (&FS_WRITES_BYTES, io.written_bytes),
            (&FS_WRITES, io.writes),
        ] {
            self.families.add_to(description, self.labels, &[&name], value as f64);
        }
    }

    fn pressure(&mut self, stall: Option<Stall>, descriptions: [&Description; 2]) {
        if let Some(stall) = stall {
            self.add(descriptions[0], stall.waiting);
            self.add(descriptions[1], stall.stalled);
        }
    }
}

/// Metrics of the machine that the containers share.
pub(super) fn machine(families: &mut Families, cpus: Option<u64>, memory: Option<u64>, swap: Option<u64>) {
    for (description, value) in [(&CPU_CORES, cpus), (&MEMORY, memory), (&SWAP, swap)] {
        if let Some(value) = value {
            families.add(description, &[], value as f64);
        }
    }
}
