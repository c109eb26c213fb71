//! Whether the paths of this machine that containers mount exist.

use std::collections::BTreeSet;
use std::path::Path;

use wharf_compose::Project;
use wharf_compose::model::MountKind;
use wharf_docker::Engine;

/// The paths that services mount and that do not exist. Of an engine on another machine nothing is known.
pub(crate) fn missing(engine: &Engine, project: &Project) -> BTreeSet<String> {
    if !engine.endpoint().is_local() {
        return BTreeSet::new();
    }
    let mounts = project.services.values().flat_map(|service| &service.volumes);
    let binds = mounts.filter(|mount| mount.kind == MountKind::Bind).filter_map(|mount| mount.source.as_ref());
    let objects = project.secrets.values().chain(project.configs.values());
    let paths = binds.chain(objects.filter_map(|object| object.file.as_ref()));
    // A path that may not be looked at may exist.
    paths.filter(|path| matches!(Path::new(path).try_exists(), Ok(false))).cloned().collect()
}
