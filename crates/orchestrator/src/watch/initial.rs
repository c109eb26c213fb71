//! What containers miss when a watch begins (`initial_sync`).

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_docker::images::inspect_image;

use super::rules::{Job, Rules};
use super::tree::walk;
use crate::apply::{ApplyOptions, Listener, apply};
use crate::{Error, plan};

/// Copies the files of rules with `initial_sync` that have changed since their container's image was made.
///
/// # Errors
/// As [`apply()`].
pub async fn initial_sync(
    engine: &Engine,
    project: &Project,
    rules: &Rules,
    options: &ApplyOptions,
    events: &dyn Listener,
) -> Result<(), Error> {
    let services: BTreeSet<&str> = rules.initial().map(|(_, service)| service).collect();
    if services.is_empty() {
        return Ok(());
    }
    let observed = super::containers(engine, project).await?;
    let mut jobs = Vec::new();
    for service in services {
        let replica = observed.containers.iter().find(|found| found.service == service && !found.one_off);
        let Some(replica) = replica else { continue };
        // An image that is gone tells nothing, so everything is copied.
        let made = inspect_image(engine, &replica.image_id).await.ok().and_then(|image| image.created);
        let made = made.map_or(i64::MIN, |created| created.0 / 1_000_000_000);
        let mut paths = BTreeSet::new();
        for (root, _) in rules.initial().filter(|(_, of)| *of == service) {
            paths.insert(root.to_owned());
            walk(rules, root, &mut |_| Ok(()), &mut paths)?;
        }
        let files = rules.initial_files(service, paths.iter().filter(|path| is_newer(path, made)));
        let changed = files.values().cloned().collect();
        jobs.push(Job { service: service.to_owned(), files, changed, ..Job::default() });
    }
    apply(engine, project, &plan::sync(project, &observed, &jobs), options, events).await
}

/// Whether a file has changed since a time in seconds since 1970. One that was moved here has the time of its content, but
/// its entry is new.
fn is_newer(path: &PathBuf, than: i64) -> bool {
    let found = std::fs::symlink_metadata(path);
    found.is_ok_and(|found| !found.is_dir() && found.mtime().max(found.ctime()) >= than)
}
