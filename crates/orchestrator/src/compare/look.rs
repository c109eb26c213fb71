//! Asks the engine for the settings of the containers that have to be compared.

use bollard::models as api;
use futures_util::future::try_join_all;
use wharf_compose::Project;
use wharf_compose::model::Service;
use wharf_docker::{Engine, unless_gone};

use super::{EngineDefaults, Found, Wanted, differences};
use crate::Error;
use crate::observe::{Container, State};
use crate::request::{self, Owners, Replica, Standing, create_body, further_networks};

/// Compares those replicas with the file whose labels do not tell whether they are up to date.
///
/// # Errors
/// If a request to the engine fails.
pub(crate) async fn compare_unknown(
    engine: &Engine,
    project: &Project,
    containers: &mut [Container],
) -> Result<(), Error> {
    let owners = Owners::among(containers);
    let unknown = |container: &&mut Container| {
        let service = project.services.get(&container.service).filter(|_| !container.one_off);
        let exists = !matches!(container.state, State::Dead | State::Removing);
        exists
            && service
                .is_some_and(|service| request::standing(project, service, container, &owners) == Standing::Unknown)
    };
    let unknown: Vec<&mut Container> = containers.iter_mut().filter(unknown).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let defaults = engine_defaults(engine).await?;
    let compare = async |container: &mut Container| {
        container.differences = compare(engine, project, container, &owners, &defaults).await?;
        Ok::<(), Error>(())
    };
    try_join_all(unknown.into_iter().map(compare)).await?;
    Ok(())
}

/// `None`: the container is gone.
async fn compare(
    engine: &Engine,
    project: &Project,
    container: &Container,
    owners: &Owners,
    defaults: &EngineDefaults,
) -> Result<Option<Vec<String>>, Error> {
    let (Some(inspected), Some(image)) =
        tokio::try_join!(async { unless_gone(engine.docker().inspect_container(&container.id, None).await) }, async {
            unless_gone(engine.docker().inspect_image(&container.image_id).await)
        },)?
    else {
        return Ok(None);
    };
    let Some((name, service)) = project.services.get_key_value(&container.service) else { return Ok(None) };
    let replica = Replica {
        project,
        name,
        service,
        number: container.number,
        image_id: Some(&container.image_id),
        inherited: &[],
        owners,
        replaces: false,
    };
    let wanted = Wanted {
        names: names(project, name, container.number),
        body: create_body(&replica, engine.api_version()),
        further_networks: further_networks(&replica),
        copies_files: copies_files(project, service),
    };
    let found = Found { container: inspected, image: image.config.unwrap_or_default(), engine: defaults.clone() };
    let differences = differences(&found, &wanted);
    tracing::debug!(container = container.name, ?differences, "compared");
    Ok(Some(differences))
}

/// The name that a replica gets, and those with the other separator: docker-compose 1 names containers with `_`.
fn names(project: &Project, service: &str, number: u32) -> Vec<String> {
    let with = |compatibility| Project { compatibility, ..Project::default() }.separator();
    let fixed = project.services.get(service).and_then(|service| service.container_name.clone());
    match fixed {
        Some(name) => vec![name],
        None => [false, true]
            .map(|compatibility| {
                let separator = with(compatibility);
                format!("{}{separator}{service}{separator}{number}", project.name)
            })
            .into(),
    }
}

async fn engine_defaults(engine: &Engine) -> Result<EngineDefaults, Error> {
    let info = engine.info().await?;
    let unified = info.cgroup_version == Some(api::SystemInfoCgroupVersionEnum::_2);
    Ok(EngineDefaults {
        logging_driver: info.logging_driver,
        runtime: info.default_runtime,
        cgroup_namespace: if unified { "private" } else { "host" },
    })
}

fn copies_files(project: &Project, service: &Service) -> bool {
    let objects = [(&service.secrets, &project.secrets), (&service.configs, &project.configs)];
    let mut objects = objects.into_iter().flat_map(|(used, defined)| used.iter().map(|file| defined.get(&file.source)));
    objects.any(|object| object.is_some_and(request::is_copied))
}
