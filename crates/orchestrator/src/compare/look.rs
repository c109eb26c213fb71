//! Asks the engine for the settings of the containers that have to be compared.

use std::collections::BTreeMap;

use bollard::models as api;
use futures_util::future::try_join_all;
use wharf_compose::Project;
use wharf_compose::model::Service;
use wharf_docker::{Engine, labels, unless_gone};

use super::{EngineDefaults, Found, Wanted, differences, image_name};
use crate::Error;
use crate::difference::Difference;
use crate::observe::{Container, State};
use crate::request::{self, Owners, Replica, Standing, create_body, further_networks};
use crate::sealed::{Sealer, Unseen};

/// Compares replicas with the file: those whose labels do not tell whether they are up to date, those whose labels say that
/// they are not, to know in what, and of all what no inspection shows.
///
/// # Errors
/// If a request to the engine fails.
pub(crate) async fn compare(
    engine: &Engine,
    project: &Project,
    sealer: &Sealer,
    containers: &mut [Container],
) -> Result<(), Error> {
    let owners = Owners::among(containers);
    let standing = |container: &Container| {
        let service = project.services.get(&container.service).filter(|_| !container.one_off)?;
        let exists = !matches!(container.state, State::Dead | State::Removing);
        exists.then(|| (service, request::standing(project, service, container, &owners)))
    };
    let replicas =
        containers.iter_mut().filter_map(|container| standing(container).map(|standing| (container, standing)));
    let replicas: Vec<_> = replicas.collect();
    let is_unsettled = |(_, (_, standing)): &(&mut Container, (&Service, Standing))| *standing != Standing::Current;
    let defaults = if replicas.iter().any(is_unsettled) { Some(engine_defaults(engine).await?) } else { None };
    let compare = async |(container, (service, standing)): (&mut Container, (&Service, Standing))| {
        let mut differences = match &defaults {
            Some(defaults) if standing != Standing::Current => {
                look(engine, project, container, standing, &owners, defaults).await?
            }
            _ => None,
        };
        let unseen = Unseen::of(project, service);
        if container.hash.as_deref().is_some_and(request::has_seal) {
            let label = container.labels.get(labels::OWN_SEAL).map(String::as_str);
            if label.is_some() || !unseen.is_empty() {
                differences.get_or_insert_default().extend(sealer.differences(&unseen, label).await);
            }
        }
        container.differences = differences;
        Ok::<(), Error>(())
    };
    try_join_all(replicas.into_iter().map(compare)).await?;
    Ok(())
}

/// `None`: the container is gone.
async fn look(
    engine: &Engine,
    project: &Project,
    container: &Container,
    standing: Standing,
    owners: &Owners,
    defaults: &EngineDefaults,
) -> Result<Option<Vec<Difference>>, Error> {
    let docker = engine.docker();
    let inspected = async { unless_gone(docker.inspect_container(&container.id, None).await) };
    let image = async { unless_gone(docker.inspect_image(&container.image_id).await) };
    let looked = tokio::try_join!(inspected, image);
    let looked = looked.map_err(|error| wharf_docker::Error::from(error).during("compare a container with the file"));
    let (Some(inspected), Some(image)) = looked? else { return Ok(None) };
    let Some((name, service)) = project.services.get_key_value(&container.service) else { return Ok(None) };
    let replica = Replica {
        project,
        name,
        service,
        number: container.number,
        image_id: Some(&container.image_id),
        volumes_of_image: &[],
        inherited: &[],
        owners,
        replaces: false,
    };
    let is_unknown = standing == Standing::Unknown;
    let written = |key: &&String| project.places.has(&format!("services.{name}.environment.{key}"));
    let wanted = Wanted {
        names: names(project, name, container.number),
        body: create_body(&replica, engine.api_version()),
        further_networks: further_networks(&replica),
        // What wharf copied is compared by a label.
        copies_files: is_unknown && copies_files(project, service),
        written: service.environment.keys().filter(written).cloned().collect(),
        networks: project.networks.iter().map(|(key, network)| (network.name.clone(), key.clone())).collect(),
        deployed: deployed(service),
    };
    let found = Found { container: inspected, image: image.config.unwrap_or_default(), engine: defaults.clone() };
    let mut differences = differences(&found, &wanted);
    if !is_unknown {
        differences.extend(image_name(&found, &wanted));
    }
    tracing::debug!(container = container.name, ?differences, "compared");
    Ok(Some(differences))
}

/// What `deploy` decides, instead of the service's own keys.
fn deployed(service: &Service) -> BTreeMap<&'static str, &'static str> {
    let deploy = service.deploy.as_ref();
    let resources = deploy.and_then(|deploy| deploy.resources.as_ref());
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let reserved = resources.and_then(|resources| resources.reservations.as_ref());
    let all = [
        ("cpus", "deploy.resources.limits.cpus", limits.is_some_and(|limits| limits.cpus.is_some())),
        ("mem_limit", "deploy.resources.limits.memory", limits.is_some_and(|limits| limits.memory.is_some())),
        ("pids_limit", "deploy.resources.limits.pids", limits.is_some_and(|limits| limits.pids.is_some())),
        (
            "mem_reservation",
            "deploy.resources.reservations.memory",
            reserved.is_some_and(|reserved| reserved.memory.is_some()),
        ),
        ("restart", "deploy.restart_policy", deploy.is_some_and(|deploy| deploy.restart_policy.is_some())),
    ];
    all.into_iter().filter(|(_, _, decides)| *decides).map(|(own, deployed, _)| (own, deployed)).collect()
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
