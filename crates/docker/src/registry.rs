//! What the registries say, asked through the engine.

use crate::engine::Engine;
use crate::error::Error;

/// The digest that an image's registry has for a reference now: `sha256:...`. The request is
/// `GET /distribution/{name}/json`.
///
/// # Errors
/// If the request fails; [`Error::Incomplete`] if the answer has no digest.
pub async fn registry_digest(engine: &Engine, reference: &str) -> Result<String, Error> {
    let answer = engine.docker().inspect_registry_image(reference, None).await?;
    answer.descriptor.digest.ok_or(Error::Incomplete { reason: "the engine answered without a digest" })
}
