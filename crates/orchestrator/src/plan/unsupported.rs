//! What the reader understands and wharf cannot act on is refused by name and place, never ignored.

use wharf_compose::Project;
use wharf_compose::model::{Build, MountKind, Service};

use crate::Problem;

/// What a service asks for that cannot be done.
pub(super) fn problems(project: &Project, name: &str, service: &Service) -> Vec<Problem> {
    let mut asked: Vec<(String, bool, &str)> = [
        ("provider", service.provider.is_some(), "start what the provider provides by its own command"),
        ("models", !service.models.is_empty(), "run the model as a service of its own"),
        ("credential_spec", service.credential_spec.is_some(), "it is for Windows containers"),
        ("use_api_socket", service.use_api_socket, "mount the engine's socket as a volume"),
        ("external_links", !service.external_links.is_empty(), "join a network that both use (`external: true`)"),
    ]
    .into_iter()
    .map(|(key, asked, help)| (key.to_owned(), asked, help))
    .collect();
    for (index, mount) in service.volumes.iter().enumerate() {
        let known = matches!(mount.kind, MountKind::Bind | MountKind::Volume | MountKind::Tmpfs);
        asked.push((format!("volumes[{index}].type"), !known, "use a volume, a bind mount or a tmpfs"));
    }
    for (index, hook) in service.pre_start.iter().enumerate() {
        let help = "it then runs once for the service, before its first replica";
        asked.push((format!("pre_start[{index}].per_replica"), hook.per_replica, help));
    }
    for (key, network) in &service.networks {
        let named = network.as_ref().is_some_and(|network| network.interface_name.is_some());
        asked.push((format!("networks.{key}.interface_name"), named, "leave the interface's name to the engine"));
    }
    if let Some(build) = &service.build {
        asked.extend(build_keys(build).map(|(key, asked)| {
            (
                format!("build.{key}"),
                asked,
                "it needs BuildKit: build the image with `docker build` and name it in `image`",
            )
        }));
    }
    let refused = asked.into_iter().filter(|(_, asked, _)| *asked).map(|(key, _, help)| {
        let path = format!("services.{name}.{key}");
        Problem {
            message: format!("service {name}: wharf cannot do `{key}` yet"),
            place: project.places.get(&path).cloned(),
            help: Some(help.to_owned()),
        }
    });
    refused.collect()
}

fn build_keys(build: &Build) -> impl Iterator<Item = (&'static str, bool)> {
    [
        ("additional_contexts", !build.additional_contexts.is_empty()),
        ("cache_to", !build.cache_to.is_empty()),
        ("entitlements", !build.entitlements.is_empty()),
        ("no_cache_filter", !build.no_cache_filter.is_empty()),
        ("platforms", build.platforms.len() > 1),
        ("privileged", build.privileged),
        ("secrets", !build.secrets.is_empty()),
        ("ssh", !build.ssh.is_empty()),
    ]
    .into_iter()
}
