//! The images that containers were made from.

use wharf_docker::Engine;
use wharf_docker::images::{ImageDetails, inspect_image};

use crate::error::Error;
use crate::observe::Container;

/// Asks for the image of each container.
///
/// # Errors
/// Those of the engine.
pub async fn images<'c>(
    engine: &Engine,
    containers: &'c [Container],
) -> Result<Vec<(&'c Container, ImageDetails)>, Error> {
    let mut found = Vec::new();
    for container in containers {
        found.push((container, inspect_image(engine, &container.image_id).await?));
    }
    Ok(found)
}
