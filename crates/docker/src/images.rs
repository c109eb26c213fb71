//! Images as the engine describes them.

use crate::engine::Engine;
use crate::error::Error;
use crate::timestamp::{Timestamp, timestamp};

/// An image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageDetails {
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// What it runs on: `linux/amd64`, `linux/arm/v7`.
    pub platform: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was last pulled, built or tagged here.
    pub last_tagged: Option<Timestamp>,
    /// Paths at which its containers get anonymous volumes (`VOLUME`).
    pub volumes: Vec<String>,
}

/// Asks for an image by identifier or name (Engine API `GET /images/{name}/json`).
///
/// # Errors
/// If the request fails.
pub async fn inspect_image(engine: &Engine, image: &str) -> Result<ImageDetails, Error> {
    let found = engine.docker().inspect_image(image).await.map_err(Error::at("look at an image"))?;
    let parts = [found.os, found.architecture, found.variant];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let last_tagged = found.metadata.and_then(|metadata| metadata.last_tag_time);
    Ok(ImageDetails {
        id: found.id.unwrap_or_default(),
        platform: parts.join("/"),
        size: found.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        created: found.created.as_ref().and_then(timestamp),
        last_tagged: last_tagged.as_ref().and_then(timestamp),
        volumes: found.config.and_then(|config| config.volumes).unwrap_or_default(),
    })
}
