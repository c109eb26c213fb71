//! Images named by their digest, so that everybody runs the same ones.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use wharf_compose::Project;
use wharf_docker::{Engine, registry_digest};
use wharf_plan::StepFailure;

use crate::Error;

/// Names the image of each service by the digest that its registry knows now; the engine is what asks the registry.
///
/// A reference is written out in full: `nginx:1` becomes `docker.io/library/nginx:1@sha256:...`. One with a digest is
/// left as it is, and so is a service that has no image but is built.
///
/// # Errors
/// [`Error::Failed`] with each image that the registry does not know, or that the engine cannot ask for.
pub async fn pin_images(project: &mut Project, engine: &Engine) -> Result<(), Error> {
    let images: Vec<String> = project.services.values().filter_map(|service| service.image.clone()).collect();
    let mut wanted: Vec<String> =
        images.into_iter().filter(|image| !image.is_empty() && !image.contains('@')).collect();
    wanted.sort();
    wanted.dedup();
    let asked = join_all(wanted.iter().map(|image| async move {
        let digest = registry_digest(engine, &in_full(image)).await;
        (image, digest)
    }))
    .await;
    let (mut pinned, mut failures) = (BTreeMap::new(), Vec::new());
    for (image, answer) in asked {
        match answer {
            Ok(digest) => drop(pinned.insert(image.as_str(), format!("{}@{digest}", in_full(image)))),
            Err(error) => failures.push(StepFailure {
                step: format!("find the digest of {image}"),
                message: format!("cannot find the digest of {image}: {}", error.engine_message()),
                help: Some("check the image's name and that its registry can be reached".to_owned()),
                details: Vec::new(),
            }),
        }
    }
    if !failures.is_empty() {
        return Err(Error::Failed(failures));
    }
    for service in project.services.values_mut() {
        if let Some(name) = service.image.as_deref().and_then(|image| pinned.get(image)) {
            service.image = Some(name.clone());
        }
    }
    Ok(())
}

/// The reference with its registry, its path and its tag.
fn in_full(image: &str) -> String {
    const HUB: &str = "docker.io";
    let (registry, path) = match image.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => (HUB, image),
    };
    let registry = if registry == "index.docker.io" { HUB } else { registry };
    let folder = if registry == HUB && !path.contains('/') { "library/" } else { "" };
    let tag = if path.contains(':') { "" } else { ":latest" };
    format!("{registry}/{folder}{path}{tag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_written_out_as_the_registry_knows_them() {
        for (image, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1", "docker.io/library/nginx:1"),
            ("me/app:2", "docker.io/me/app:2"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("ghcr.io/me/app:3", "ghcr.io/me/app:3"),
        ] {
            assert_eq!(in_full(image), full);
        }
    }
}
