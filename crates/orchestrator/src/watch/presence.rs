//! Whether there still are containers to keep up to date.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use wharf_compose::Project;
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Engine, labels};

use super::rules::Rules;
use crate::observe::list_containers;

/// Waits until the watched services' containers, of which there were some, have been removed, as by `down`. Containers that
/// are replaced are not gone.
pub async fn until_gone(engine: &Engine, project: &Project, rules: &Rules) {
    let services: BTreeSet<String> = rules.services().into_iter().map(str::to_owned).collect();
    let selection = Selection::with_labels([labels::selector(labels::PROJECT, &project.name)]);
    let mut changes = std::pin::pin!(roster::follow(engine.clone(), selection));
    let mut known = BTreeSet::new();
    while let Some(change) = changes.next().await {
        match change {
            Change::Current(container) => {
                let service = container.labels.get(labels::SERVICE);
                if service.is_some_and(|service| services.contains(service)) {
                    known.insert(container.id.clone());
                }
            }
            // A container that was created and not yet started is not in the roster.
            Change::Gone(id) if known.remove(&id) && known.is_empty() => {
                let left = list_containers(engine, Some(&project.name), true).await;
                let left = left.map(|left| left.into_iter().filter(|left| services.contains(&left.service)).count());
                // An engine that does not answer has not said that they are gone.
                if left.is_ok_and(|left| left == 0) {
                    return;
                }
            }
            _ => {}
        }
    }
}
