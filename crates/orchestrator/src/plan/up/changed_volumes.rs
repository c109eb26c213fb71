//! The volumes about which the caller has to decide: their settings changed in the file, and replacing them loses their data.

use wharf_compose::Project;

use crate::difference::Difference;
use crate::plan::UpOptions;
use crate::plan::order::selected;
use crate::{Error, Observed};

/// A volume of the project whose settings changed in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedVolume {
    /// Its name in the engine.
    pub name: String,
    /// The settings that changed. Empty: they are not known.
    pub differences: Vec<Difference>,
}

/// The changed volumes of the services that take part, without those that `options` already names.
///
/// # Errors
/// If a name is not a service of the project.
pub fn changed_volumes(
    project: &Project,
    observed: &Observed,
    options: &UpOptions,
) -> Result<Vec<ChangedVolume>, Error> {
    let chosen = selected(project, &options.services, options.no_deps)?;
    let mounts = chosen.iter().filter_map(|name| project.services.get(name)).flat_map(|service| &service.volumes);
    let keys: std::collections::BTreeSet<&String> = mounts.filter_map(|mount| mount.source.as_ref()).collect();
    let used = keys.into_iter().filter_map(|key| project.volumes.get(key)).filter(|volume| !volume.external);
    let asked = used.filter(|volume| !options.recreate_volumes.contains(&volume.name));
    let changed = asked.filter_map(|volume| {
        let seen = observed.volumes.iter().find(|seen| seen.name == volume.name)?;
        let is_ours = seen.project.as_deref() == Some(project.name.as_str());
        let differences = seen.changed.clone().filter(|_| is_ours)?;
        Some(ChangedVolume { name: volume.name.clone(), differences })
    });
    Ok(changed.collect())
}
