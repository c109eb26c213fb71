//! Whether there still are containers to keep up to date.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use wharf_compose::Project;
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Engine, labels};

use super::rules::Rules;
use crate::observe::list_containers;

/// While no container is known, the engine is asked this often whether there is one that the roster does not have.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits until the watched services' containers, of which there were some, have been removed, as by `down`. Containers that
/// are replaced are not gone, and neither are those that were created and not yet started, which are not in the roster.
pub async fn until_gone(engine: &Engine, project: &Project, rules: &Rules) {
    let services: BTreeSet<String> = rules.services().into_iter().map(str::to_owned).collect();
    let selection = Selection::with_labels([labels::selector(labels::PROJECT, &project.name)]);
    let mut changes = std::pin::pin!(roster::follow(engine.clone(), selection));
    let (mut known, mut were_some) = (BTreeSet::new(), false);
    loop {
        let none_is_known = were_some && known.is_empty();
        tokio::select! {
            change = changes.next() => match change {
                None => return,
                Some(Change::Current(container)) => {
                    let service = container.labels.get(labels::SERVICE);
                    if service.is_some_and(|service| services.contains(service)) {
                        known.insert(container.id.clone());
                        were_some = true;
                    }
                }
                Some(Change::Gone(id)) => {
                    known.remove(&id);
                }
                Some(_) => {}
            },
            () = tokio::time::sleep(LOOK_AGAIN), if none_is_known => {
                let left = list_containers(engine, Some(&project.name), true).await;
                // An engine that does not answer has not said that they are gone.
                if left.is_ok_and(|left| left.iter().all(|left| !services.contains(&left.service))) {
                    return;
                }
            }
        }
    }
}
