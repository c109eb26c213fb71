//! docker compose's hash of a service, by which docker compose knows that a container is up to date.

use sha2::{Digest, Sha256};
use wharf_compose::model::Service;

/// The hash that `docker compose config --hash` prints, as 64 hexadecimal digits.
pub fn docker_compose_hash(service: &Service) -> String {
    hex::encode(Sha256::digest(service.docker_compose_json().as_bytes()))
}
