//! The registries of a project's images: whether the logins to them can be read, and whether they have what would be pulled.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use wharf_compose::Project;
use wharf_compose::model::ImageReference;
use wharf_docker::{Engine, Logins, registry_digest};

use super::Finding;
use crate::Observed;
use crate::registry::{Direction, Registry};

/// How long a registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks the registry of each image that is not built here. It is asked for one image of those that the engine does not
/// have, since it would have to be asked then.
pub(super) async fn registries(engine: &Engine, project: &Project, observed: &Observed) -> Vec<Finding> {
    let logins = &Logins::of(engine.endpoint());
    let pulled = project.services.values().filter(|service| service.build.is_none());
    let images: Vec<&ImageReference> = pulled.filter_map(|service| service.image.as_ref()).collect();
    let found = join_all(images.iter().map(|image| Registry::of(image, logins))).await;
    // One for each registry, preferably with an image that is missing.
    let mut chosen: BTreeMap<&str, (&ImageReference, &Registry, bool)> = BTreeMap::new();
    for (image, registry) in images.iter().zip(&found) {
        let is_here = observed.images.contains_key(image.as_str());
        let known = chosen.entry(registry.host()).or_insert((image, registry, is_here));
        if known.2 && !is_here {
            *known = (image, registry, is_here);
        }
    }
    let looks = chosen.into_iter().map(|(host, (image, registry, is_here))| async move {
        let subject = format!("registry {host}");
        match registry.unread() {
            Some(error) => Some(Finding::warning(&subject, format!("no login from {error}"), registry.repair())),
            None if is_here => None,
            None => Some(look(engine, &subject, image, registry).await),
        }
    });
    join_all(looks).await.into_iter().flatten().collect()
}

async fn look(engine: &Engine, subject: &str, image: &ImageReference, registry: &Registry) -> Finding {
    let full = image.in_full();
    match tokio::time::timeout(PATIENCE, registry_digest(engine, &full, registry.login())).await {
        Ok(Ok(_)) => Finding::ok(subject, format!("it has {image}, which is not here yet")),
        Ok(Err(error)) => {
            let failure = registry.failure(format!("look up {image}"), Direction::Pull, &error);
            Finding::failure(subject, failure.message, failure.help)
        }
        Err(_) => {
            let message = format!("no answer about {image} within {} s", PATIENCE.as_secs());
            Finding::failure(subject, message, Some("check the network of the engine's machine".to_owned()))
        }
    }
}
