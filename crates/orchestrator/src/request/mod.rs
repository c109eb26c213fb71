//! Services, networks, volumes and builds as the Engine API wants them, and the hash of what a container is made from. Pure.

mod changed;
mod container;
mod devices;
mod docker_compose_hash;
mod hash;
mod host;
mod image;
mod keys;
mod limits;
mod mounts;
mod namespace;
mod network;
mod networks;
mod owners;
mod ports;
mod replica;
mod security;
mod solve;
mod standing;
#[cfg(test)]
mod tests;
mod volume;

pub(crate) use changed::{changed_network, changed_volume};
pub(crate) use container::{create_body, init_body, variables};
pub use docker_compose_hash::docker_compose_hash;
pub use hash::service_hash;
pub(crate) use hash::{has_seal, of_earlier_wharf};
pub(crate) use image::{Source, build_options};
pub(crate) use keys::{Keys, bind, keys};
pub(crate) use mounts::{creates_path, file_target, inherited, is_copied, mounted_file};
pub(crate) use network::network_body;
pub(crate) use networks::{endpoint_in, further_networks, old_mac_address};
#[cfg(test)]
pub(crate) use owners::NO_OWNERS;
pub(crate) use owners::Owners;
pub(crate) use replica::Replica;
pub(crate) use security::seccomp_profile;
pub(crate) use solve::{attested, cache, solve};
pub(crate) use standing::{Standing, is_current, standing};
pub(crate) use volume::volume_body;
