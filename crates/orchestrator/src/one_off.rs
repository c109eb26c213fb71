//! Containers of `run`: one more container of a service, with changes, that belongs to no replica.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bollard::models as api;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use wharf_compose::Project;
use wharf_docker::Engine;

use crate::container::{Replica, create_body, further_networks};
use crate::{Error, apply, labels};

/// What differs from the service.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Another command.
    pub command: Option<Vec<String>>,
    /// Another entrypoint; empty: none.
    pub entrypoint: Option<String>,
    /// More environment; `None` unsets.
    pub environment: Vec<(String, Option<String>)>,
    /// More labels.
    pub labels: BTreeMap<String, String>,
    /// Publish the service's own ports.
    pub service_ports: bool,
    /// Another user.
    pub user: Option<String>,
    /// Another working directory.
    pub working_dir: Option<String>,
    /// With a terminal.
    pub tty: bool,
    /// With standard input.
    pub stdin_open: bool,
}

/// A name that no other container has: `<project>-<service>-run-<digits>`.
pub fn name(project: &Project, service: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{service}-run-{:012x}", project.name, since.as_nanos() & 0xffff_ffff_ffff)
}

/// Creates the container. Its networks and its image have to be there.
///
/// # Errors
/// Those of the engine; the container is gone again then.
pub async fn create(
    engine: &Engine,
    project: &Project,
    service_name: &str,
    name: &str,
    overrides: &Overrides,
) -> Result<(), Error> {
    let Some(service) = project.services.get(service_name) else { return Ok(()) };
    let mut service = service.clone();
    service.restart = None;
    service.healthcheck = None;
    if !overrides.service_ports {
        service.ports.clear();
    }
    if overrides.command.is_some() {
        service.command.clone_from(&overrides.command);
    }
    if let Some(entrypoint) = &overrides.entrypoint {
        service.entrypoint = Some(entrypoint.split_whitespace().map(str::to_owned).collect());
    }
    service.environment.extend(overrides.environment.iter().cloned());
    service.labels.extend(overrides.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
    service.user = overrides.user.clone().or(service.user);
    service.working_dir = overrides.working_dir.clone().or(service.working_dir);
    service.tty = overrides.tty;
    service.stdin_open = overrides.stdin_open;

    let replica = Replica { project, name: service_name, service: &service, number: 1, image_id: None, inherited: &[] };
    let body = api::ContainerCreateBody {
        attach_stdin: Some(overrides.stdin_open),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        stdin_once: Some(overrides.stdin_open),
        ..one_off(create_body(&replica, engine.api_version()))
    };
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    engine.docker().create_container(Some(options), body).await?;
    let finished = async {
        for (network, endpoint_config) in further_networks(&replica) {
            let request =
                api::NetworkConnectRequest { container: name.to_owned(), endpoint_config: Some(endpoint_config) };
            engine.docker().connect_network(&network, request).await?;
        }
        apply::copy_files(engine, project, &service, name).await
    };
    if let Err(error) = finished.await {
        remove(engine, name).await;
        return Err(error);
    }
    Ok(())
}

/// No replica: other labels, and not under the service's name in the networks.
fn one_off(mut body: api::ContainerCreateBody) -> api::ContainerCreateBody {
    if let Some(given) = &mut body.labels {
        given.insert(labels::ONE_OFF.to_owned(), "True".to_owned());
        given.remove(labels::CONFIG_HASH);
    }
    let endpoints = body.networking_config.as_mut().and_then(|config| config.endpoints_config.as_mut());
    for endpoint in endpoints.into_iter().flat_map(|endpoints| endpoints.values_mut()) {
        endpoint.aliases = None;
    }
    body
}

/// Starts the container.
///
/// # Errors
/// Those of the engine.
pub async fn start(engine: &Engine, name: &str) -> Result<(), Error> {
    let options = None::<bollard::query_parameters::StartContainerOptions>;
    Ok(engine.docker().start_container(name, options).await?)
}

/// Waits until the container has ended.
///
/// # Errors
/// Those of the engine.
pub async fn exit_code(engine: &Engine, name: &str) -> Result<i64, Error> {
    let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
    let mut ended = Box::pin(engine.docker().wait_container(name, Some(options)));
    match ended.next().await {
        Some(Ok(answer)) => Ok(answer.status_code),
        // The client gives an exit code other than 0 as an error.
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(error.into()),
        None => Ok(0),
    }
}

/// Asks the container to stop. One that is gone needs not be asked.
pub async fn stop(engine: &Engine, name: &str) {
    let options = None::<bollard::query_parameters::StopContainerOptions>;
    if let Err(error) = engine.docker().stop_container(name, options).await {
        tracing::debug!(%error, container = name, "not stopped");
    }
}

/// Removes the container with its anonymous volumes. One that is gone is as it should be.
pub async fn remove(engine: &Engine, name: &str) {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    if let Err(error) = engine.docker().remove_container(name, Some(options)).await {
        tracing::debug!(%error, container = name, "not removed");
    }
}
