//! Ticks, in which the kernel counts CPU time.

/// Ticks as seconds. The system says how many there are in a second (`_SC_CLK_TCK`, sysconf(3)).
pub(crate) fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}
