//! A container's resource usage and limits, from cgroup files or from the engine's stats.

/// A container's usage at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu: Option<CpuTime>,
    /// Only where the CPU time is limited.
    pub(crate) throttling: Option<Throttling>,
    pub(crate) memory: Option<Memory>,
    pub(crate) io: Vec<DeviceIo>,
    pub(crate) network: Vec<Interface>,
    pub(crate) threads: Option<u64>,
    pub(crate) threads_max: Option<u64>,
    pub(crate) processes: Option<u64>,
    pub(crate) limits: Limits,
    pub(crate) pressure: Pressure,
}

/// CPU time in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CpuTime {
    pub(crate) total: f64,
    pub(crate) user: f64,
    pub(crate) system: f64,
}

/// The effect of the limit on CPU time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Throttling {
    pub(crate) periods: u64,
    pub(crate) throttled_periods: u64,
    /// Seconds.
    pub(crate) throttled: f64,
}

/// Memory in bytes, and events in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    pub(crate) usage: u64,
    /// Usage without the page cache that the kernel gives up first.
    pub(crate) working_set: u64,
    pub(crate) rss: u64,
    pub(crate) cache: u64,
    pub(crate) swap: u64,
    pub(crate) mapped_file: u64,
    /// Version 2 has it since Linux 5.19.
    pub(crate) max_usage: Option<u64>,
    /// How often the limit was reached.
    pub(crate) failcnt: Option<u64>,
    pub(crate) page_faults: u64,
    pub(crate) major_page_faults: u64,
    pub(crate) oom_kills: Option<u64>,
}

impl Memory {
    /// The working set as cAdvisor and the kubelet compute it.
    pub(crate) fn with_inactive_file(mut self, inactive_file: u64) -> Self {
        self.working_set = self.usage.saturating_sub(inactive_file);
        self
    }
}

/// Block I/O of one device.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DeviceIo {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) read_bytes: u64,
    pub(crate) written_bytes: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// The entry of a device, added if it is missing.
pub(crate) fn device(io: &mut Vec<DeviceIo>, major: u32, minor: u32) -> &mut DeviceIo {
    let place = io.iter().position(|device| (device.major, device.minor) == (major, minor));
    let place = place.unwrap_or_else(|| {
        io.push(DeviceIo { major, minor, ..DeviceIo::default() });
        io.len() - 1
    });
    &mut io[place]
}

/// Traffic of one network interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) received: Traffic,
    pub(crate) transmitted: Traffic,
}

/// One direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Traffic {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    pub(crate) errors: u64,
    pub(crate) dropped: u64,
}

/// A container's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    /// Microseconds of CPU time in a period; `None` without a limit.
    pub(crate) cpu_quota: Option<u64>,
    /// Microseconds.
    pub(crate) cpu_period: Option<u64>,
    /// In version 1's scale of 2 to 262144; 1024 is the default.
    pub(crate) cpu_shares: Option<u64>,
    /// Bytes. 0 means no limit, as in cAdvisor. This also applies to the next two fields.
    pub(crate) memory: Option<u64>,
    pub(crate) memory_reservation: Option<u64>,
    pub(crate) memory_swap: Option<u64>,
}

/// Seconds in which some (`waiting`) or all (`stalled`) tasks waited for a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pressure {
    pub(crate) cpu: Option<Stall>,
    pub(crate) memory: Option<Stall>,
    pub(crate) io: Option<Stall>,
}

/// The pressure of one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Stall {
    pub(crate) waiting: f64,
    pub(crate) stalled: f64,
}
