//! The canonical form of a project as text, and the text that docker compose hashes.

mod docker_compose;
pub(crate) mod render;
pub(crate) mod scalar_style;
