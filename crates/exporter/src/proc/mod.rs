//! The files of `/proc` and their formats: text in, values out.

pub(crate) mod diskstats;
pub(crate) mod flat_keyed;
pub(crate) mod meminfo;
pub(crate) mod mounts;
pub(crate) mod netdev;
pub(crate) mod ticks;
