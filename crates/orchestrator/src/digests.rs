//! Pins images to digests, so that every machine runs the same ones.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use wharf_compose::Project;
use wharf_compose::model::ImageReference;
use wharf_docker::{Engine, Logins, connections, registry_digest};

use crate::Error;
use crate::registry::{Direction, Registry};

/// Pins the image of each service to the digest that its registry has now. The engine asks the registry.
///
/// A reference is written in full: `nginx:1` becomes `docker.io/library/nginx:1@sha256:...`. References with a digest,
/// and services that are built and have no image, are left unchanged.
///
/// # Errors
/// [`Error::Failed`] with each image that the registry does not have or that the engine cannot query.
pub async fn pin_images(project: &mut Project, engine: &Engine) -> Result<(), Error> {
    let images = project.services.values().filter_map(|service| service.image.clone());
    let wanted: BTreeSet<ImageReference> =
        images.filter(|image| !image.is_empty() && image.digest().is_none()).collect();
    let logins = &Logins::of(engine.endpoint());
    let asked = stream::iter(&wanted).map(|image| async move {
        let full = image.in_full();
        let registry = Registry::of(image, logins).await;
        let digest = registry_digest(engine, &full, registry.login()).await;
        let step = format!("find the digest of {image}");
        (image, full, digest.map_err(|error| registry.failure(step, Direction::Pull, &error)))
    });
    let asked: Vec<_> = asked.buffered(connections()).collect().await;
    let (mut pinned, mut failures) = (BTreeMap::new(), Vec::new());
    for (image, full, answer) in asked {
        match answer {
            Ok(digest) => drop(pinned.insert(image, format!("{full}@{digest}"))),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(Error::Failed(failures));
    }
    for service in project.services.values_mut() {
        if let Some(name) = service.image.as_ref().and_then(|image| pinned.get(image)) {
            service.image = Some(name.as_str().into());
        }
    }
    Ok(())
}
