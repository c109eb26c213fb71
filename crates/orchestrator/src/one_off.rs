//! Containers of `run`: one more container of a service, with changes, that belongs to no replica.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bollard::models as api;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use wharf_compose::Project;
use wharf_compose::model::{Mount, Port, Service};
use wharf_docker::{Engine, labels};

use crate::Error;
use crate::apply::files::copy_files;
use crate::request::{Replica, create_body, further_networks};

/// What differs from the service.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Another command.
    pub command: Option<Vec<String>>,
    /// Another entrypoint; empty: none. The service's command does not go with it.
    pub entrypoint: Option<Vec<String>>,
    /// More environment; `None` unsets.
    pub environment: Vec<(String, Option<String>)>,
    /// More labels.
    pub labels: BTreeMap<String, String>,
    /// Publish the service's own ports.
    pub service_ports: bool,
    /// Publish these ports.
    pub ports: Vec<Port>,
    /// More mounts; one takes the place of another with its path.
    pub volumes: Vec<Mount>,
    /// Capabilities to add.
    pub cap_add: Vec<String>,
    /// Capabilities to take away.
    pub cap_drop: Vec<String>,
    /// Another user.
    pub user: Option<String>,
    /// Another working directory.
    pub working_dir: Option<String>,
    /// With a terminal.
    pub tty: bool,
    /// With standard input.
    pub stdin_open: bool,
}

impl Overrides {
    /// Changes the service.
    pub fn apply(&self, service: &mut Service) {
        service.restart = None;
        if let Some(deploy) = &mut service.deploy {
            deploy.restart_policy = None;
        }
        if !self.service_ports {
            service.ports.clear();
        }
        service.ports.extend(self.ports.iter().cloned());
        for mount in &self.volumes {
            service.volumes.retain(|own| own.target != mount.target);
            service.volumes.push(mount.clone());
        }
        if let Some(entrypoint) = &self.entrypoint {
            service.entrypoint = Some(entrypoint.clone());
            service.command = Some(Vec::new());
        }
        if self.command.is_some() {
            service.command.clone_from(&self.command);
        }
        let (add, drop) = (&self.cap_add, &self.cap_drop);
        service.cap_drop.retain(|own| !add.contains(own));
        service.cap_add.retain(|own| !drop.contains(own));
        service.cap_add.extend(add.iter().cloned());
        service.cap_drop.extend(drop.iter().cloned());
        service.environment.extend(self.environment.iter().cloned());
        service.labels.extend(self.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
        service.user = self.user.clone().or(service.user.take());
        service.working_dir = self.working_dir.clone().or(service.working_dir.take());
        service.tty = self.tty;
        service.stdin_open = self.stdin_open;
    }
}

/// What kind of container it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// It can be reached under the service's name, as its replicas can.
    pub use_aliases: bool,
    /// The engine removes it when it has ended.
    pub auto_remove: bool,
}

/// A name that no other container has: `<project>-<service>-run-<digits>`.
pub fn name(project: &Project, service: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let separator = project.separator();
    let digits = since.as_nanos() & 0xffff_ffff_ffff;
    format!("{}{separator}{service}{separator}run{separator}{digits:012x}", project.name)
}

/// Creates a container as the service is now. Its networks and its image have to be there.
///
/// # Errors
/// Those of the engine; the container is gone again then.
pub async fn create(
    engine: &Engine,
    project: &Project,
    service_name: &str,
    name: &str,
    manner: Manner,
) -> Result<(), Error> {
    let Some(service) = project.services.get(service_name) else { return Ok(()) };
    let replica = Replica { project, name: service_name, service, number: 1, image_id: None, inherited: &[] };
    let mut body = api::ContainerCreateBody {
        attach_stdin: Some(service.stdin_open),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        stdin_once: Some(service.stdin_open),
        ..one_off(create_body(&replica, engine.api_version()), manner)
    };
    if let Some(config) = &mut body.host_config {
        config.auto_remove = Some(manner.auto_remove);
    }
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    engine.docker().create_container(Some(options), body).await?;
    let finished = async {
        for (network, mut endpoint) in further_networks(&replica) {
            unnamed(&mut endpoint, manner);
            let request = api::NetworkConnectRequest { container: name.to_owned(), endpoint_config: Some(endpoint) };
            engine.docker().connect_network(&network, request).await?;
        }
        copy_files(engine, project, service, name).await
    };
    if let Err(error) = finished.await {
        remove(engine, name).await;
        return Err(error);
    }
    Ok(())
}

/// No replica: other labels, and not under the service's name in the networks.
fn one_off(mut body: api::ContainerCreateBody, manner: Manner) -> api::ContainerCreateBody {
    if let Some(given) = &mut body.labels {
        given.insert(labels::ONE_OFF.to_owned(), "True".to_owned());
        given.remove(labels::CONFIG_HASH);
    }
    let endpoints = body.networking_config.as_mut().and_then(|config| config.endpoints_config.as_mut());
    for endpoint in endpoints.into_iter().flat_map(|endpoints| endpoints.values_mut()) {
        unnamed(endpoint, manner);
    }
    body
}

fn unnamed(endpoint: &mut api::EndpointSettings, manner: Manner) {
    if !manner.use_aliases {
        endpoint.aliases = None;
    }
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

/// Passes a signal on. A container that is gone needs none.
pub async fn signal(engine: &Engine, name: &str, signal: &str) {
    let options = KillContainerOptionsBuilder::default().signal(signal).build();
    if let Err(error) = engine.docker().kill_container(name, Some(options)).await {
        tracing::debug!(%error, container = name, "signal not passed on");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_takes_the_place_of_what_the_service_has() {
        let mount = |source: &str, target: &str| Mount {
            source: Some(source.to_owned()),
            target: target.to_owned(),
            ..Mount::default()
        };
        let mut service = Service {
            command: Some(vec!["serve".into()]),
            cap_drop: vec!["ALL".into(), "NET_RAW".into()],
            ports: vec![Port { target: 80, ..Port::default() }],
            volumes: vec![mount("data", "/data"), mount("logs", "/logs")],
            restart: Some("always".into()),
            ..Service::default()
        };
        let overrides = Overrides {
            entrypoint: Some(vec!["sh".into(), "-c".into()]),
            cap_add: vec!["NET_RAW".into()],
            ports: vec![Port { target: 8080, ..Port::default() }],
            volumes: vec![mount("/tmp", "/data")],
            ..Overrides::default()
        };
        overrides.apply(&mut service);
        assert_eq!((service.command, service.restart), (Some(Vec::new()), None));
        assert_eq!((service.cap_add, service.cap_drop), (vec!["NET_RAW".to_owned()], vec!["ALL".to_owned()]));
        assert_eq!(service.ports.iter().map(|port| port.target).collect::<Vec<_>>(), [8080]);
        let sources: Vec<_> = service.volumes.iter().filter_map(|mount| mount.source.as_deref()).collect();
        assert_eq!(sources, ["logs", "/tmp"]);
    }
}
