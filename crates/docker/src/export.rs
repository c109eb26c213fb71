//! A container's files as an archive.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};

use crate::engine::Engine;
use crate::error::Error;

/// Reads a container's whole file system as a tar archive, piece by piece (Engine API `GET /containers/{id}/export`).
pub fn export(engine: &Engine, container: &str) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
    engine.docker().export_container(container).map_err(Error::at("export the container"))
}
