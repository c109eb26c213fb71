//! Services, networks, volumes and builds as the Engine API wants them, and the hash of what a container is made from. Pure.

mod container;
mod devices;
mod hash;
mod host;
mod image;
mod keys;
mod limits;
mod mounts;
mod namespace;
mod network;
mod networks;
mod ports;
mod replica;
#[cfg(test)]
mod tests;
mod volume;

pub(crate) use container::{create_body, init_body, variables};
pub(crate) use hash::is_current;
pub use hash::service_hash;
pub(crate) use image::{Source, build_options, is_fetched};
pub(crate) use keys::{Keys, bind, keys};
pub(crate) use mounts::{file_target, inherited};
pub(crate) use network::network_body;
pub(crate) use networks::further_networks;
pub(crate) use replica::{InheritedVolume, Replica};
pub(crate) use volume::volume_body;
