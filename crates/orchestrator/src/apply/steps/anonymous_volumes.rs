//! Anonymous volumes that a container has by their names, because it took them over from the container that it replaced: the
//! engine does not remove them with it.

use std::collections::HashMap;

use bollard::Docker;
use bollard::query_parameters::RemoveVolumeOptions;
use wharf_docker::{ApiVersion, labels, unless_gone};

use super::refusal::{gone_is_fine, in_use_is_fine};
use crate::apply::context::{Context, EngineResult};

/// The oldest API whose engine labels anonymous volumes.
const LABELLED_SINCE: ApiVersion = ApiVersion { major: 1, minor: 42 };
/// The label that it gives them.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// The anonymous volumes of a replica; none if it is gone. Those that the file names are none, whatever they are called, nor
/// are those of a container of `run`, which may have been named on the command line.
pub(super) async fn of(context: &Context<'_>, container: &str) -> EngineResult<Vec<String>> {
    let docker = context.engine.docker();
    let Some(inspected) = unless_gone(docker.inspect_container(container, None).await)? else { return Ok(Vec::new()) };
    let labels = inspected.config.and_then(|config| config.labels).unwrap_or_default();
    if labels::is_one_off(labels.get(labels::ONE_OFF).map(String::as_str)) {
        return Ok(Vec::new());
    }
    let mounts = inspected.mounts.unwrap_or_default().into_iter();
    let names = mounts.filter(|mount| mount.typ.as_deref() == Some("volume")).filter_map(|mount| mount.name);
    let declared = |name: &str| context.project.volumes.values().any(|volume| volume.name == name);
    let mut volumes = Vec::new();
    for name in names.filter(|name| is_generated(name) && !declared(name)) {
        if let Some(volume) = unless_gone(docker.inspect_volume(&name).await)?
            && is_anonymous(&volume.labels, context.engine.api_version())
        {
            volumes.push(name);
        }
    }
    Ok(volumes)
}

/// Removes volumes whose containers are gone, if nothing else uses them.
pub(super) async fn remove(docker: &Docker, volumes: &[String]) -> EngineResult<()> {
    for name in volumes {
        in_use_is_fine(gone_is_fine(docker.remove_volume(name, None::<RemoveVolumeOptions>).await))?;
    }
    Ok(())
}

/// The engine makes a name of 32 random bytes for a volume without one.
fn is_generated(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A volume with a generated name may still have been created by itself, with labels.
fn is_anonymous(labels: &HashMap<String, String>, version: ApiVersion) -> bool {
    let of_project = labels.contains_key(labels::PROJECT) || labels.contains_key(labels::VOLUME);
    let labelled = labels.contains_key(ANONYMOUS)
        || labels.contains_key(labels::ANONYMOUS_VOLUME_OF)
        || (version < LABELLED_SINCE && labels.is_empty());
    labelled && !of_project
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_engine_has_named_is_anonymous() {
        assert!(is_generated(&"0a".repeat(32)));
        assert!(
            ["data", "shop_data", &"0A".repeat(32), &"0g".repeat(32), &"0".repeat(63)]
                .iter()
                .all(|name| !is_generated(name))
        );
        let labels = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        let [old, new] = [41, 44].map(|minor| ApiVersion { major: 1, minor });
        assert!(is_anonymous(&labels(&[ANONYMOUS]), new) && is_anonymous(&labels(&[]), old));
        assert!(!is_anonymous(&labels(&[]), new), "made by an engine before it was upgraded, or by a person");
        assert!(!is_anonymous(&labels(&["mine"]), old));
        assert!(is_anonymous(&labels(&["mine", labels::ANONYMOUS_VOLUME_OF]), old), "the file gave it a label");
        assert!(!is_anonymous(&labels(&[ANONYMOUS, labels::PROJECT]), new));
        assert!(!is_anonymous(&labels(&[labels::VOLUME]), old));
    }
}
