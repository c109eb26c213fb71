//! Answers of the engine that are passed on as they are: plain data, named as in the Engine API.
//!
//! Only what other crates read belongs here. If the client is replaced, this is the list of what has to be written by hand.

pub use bollard::models::{
    ContainerBlkioStatEntry, ContainerMemoryStats, ContainerNetworkStats, ContainerStatsResponse, SystemInfo,
    SystemInfoCgroupVersionEnum,
};
