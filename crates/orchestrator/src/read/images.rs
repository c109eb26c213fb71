//! The images that containers were created from.

use wharf_docker::Engine;
use wharf_docker::images::{ImageDetails, inspect_image};

use crate::error::Error;
use crate::observe::Container;

/// Asks for the image of each container.
///
/// # Errors
/// If a request to the engine fails.
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
