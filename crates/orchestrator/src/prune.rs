//! Removes images that builds have left without a name.

use std::collections::HashMap;

use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptions};
use wharf_compose::Project;
use wharf_docker::{Engine, labels};

/// Removes the project's images that have no name any more, unless a container uses them.
pub(crate) async fn nameless_images(engine: &Engine, project: &Project) {
    let filters = HashMap::from([
        ("dangling", vec!["true".to_owned()]),
        ("label", vec![labels::selector(labels::PROJECT, &project.name)]),
    ]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let found = match engine.docker().list_images(Some(options)).await {
        Ok(found) => found,
        Err(error) => return tracing::debug!(%error, "images not listed"),
    };
    for image in found {
        // The engine refuses to remove what is in use.
        if let Err(error) = engine.docker().remove_image(&image.id, None::<RemoveImageOptions>, None).await {
            tracing::debug!(%error, image = image.id, "image not removed");
        }
    }
}
