//! Each kind of step as one or two calls of the engine.

use std::time::Duration;

use bollard::models::{ContainerConfig, EndpointSettings, NetworkConnectRequest};
use bollard::query_parameters::{
    CommitContainerOptions, CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptions, RemoveVolumeOptions, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StopContainerOptionsBuilder,
};
use wharf_docker::{ErrorKind, unless_gone};

use super::stop::Stop;
use super::{Site, build, explain, files, hook, pull, wait};
use crate::copy::{self, CopyError};
use crate::plan::Step;
use crate::request::{InheritedVolume, Replica, create_body, further_networks, inherited};
use crate::{StepFailure, request};

type EngineResult<T> = Result<T, bollard::errors::Error>;

/// Does a step; gives the word for what was done if it is another than the usual one.
pub(super) async fn step(site: &Site<'_>, number: usize, step: &Step) -> Result<Option<String>, Stop> {
    let docker = site.engine.docker();
    let result: EngineResult<Option<String>> = match step {
        Step::PullImage { image, or_build, may_fail } => {
            return pull::pull(site, number, step, image, or_build.as_deref(), *may_fail).await;
        }
        Step::RunHook { service, moment, index, name } => {
            return hook::command(site, number, step, (service, *moment, *index), name).await;
        }
        Step::RunInitContainer { service, index, name } => {
            return hook::init_container(site, number, step, (service, *index), name).await;
        }
        Step::CopyInto { name, copy } => match copy::into(site.engine, name, copy).await {
            Ok(()) => Ok(None),
            Err(CopyError::Engine(error)) => Err(error),
            Err(other) => {
                let message = format!("cannot {step}: {other}");
                return Err(StepFailure { step: step.to_string(), message, help: None, details: Vec::new() }.into());
            }
        },
        Step::BuildImage { image, service } => return build::build(site, number, step, image, service).await,
        Step::AwaitContainer { name, until, optional } => {
            return match wait::wait(site, step, name, *until).await {
                Err(Stop::Failed(failure)) if *optional => Ok(Some(format!("Not required: {}", failure.message))),
                result => result,
            };
        }
        Step::CreateContainer { service, number, name, replaces } => {
            return create(site, step, service, *number, name, replaces.as_deref()).await;
        }
        Step::StartContainer { name } => match docker.start_container(name, None).await {
            Ok(()) => Ok(None),
            Err(error) => return Err(explain::start(site, step, name, error).await.into()),
        },
        Step::CreateNetwork { key, .. } => match site.project.networks.get(key) {
            Some(network) => {
                let body = request::network_body(&site.project.name, key, network);
                docker.create_network(body).await.map(|_| None)
            }
            None => Ok(None),
        },
        Step::CreateVolume { key, .. } => match site.project.volumes.get(key) {
            Some(volume) => {
                let body = request::volume_body(&site.project.name, key, volume);
                docker.create_volume(body).await.map(|_| None)
            }
            None => Ok(None),
        },
        Step::RenameContainer { from, to } => {
            let options = RenameContainerOptionsBuilder::default().name(to).build();
            docker.rename_container(from, options).await.map(|()| None)
        }
        Step::StopContainer { name, grace } => gone_is_fine(stop(site, name, *grace).await),
        Step::RestartContainer { name, grace } => match restart(site, name, *grace).await {
            Ok(()) => Ok(None),
            Err(error) => return Err(explain::start(site, step, name, error).await.into()),
        },
        Step::KillContainer { name, signal } => {
            let options = KillContainerOptionsBuilder::default().signal(signal).build();
            gone_is_fine(docker.kill_container(name, Some(options)).await)
        }
        Step::PauseContainer { name } => docker.pause_container(name).await.map(|()| None),
        Step::UnpauseContainer { name } => docker.unpause_container(name).await.map(|()| None),
        Step::CommitContainer { name, image, author, message, changes, pause } => {
            let (repo, tag) = image.as_deref().map(pull::split_reference).unwrap_or_default();
            let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
            let options = CommitContainerOptions {
                container: Some(name.clone()),
                repo: Some(repo.to_owned()).filter(|repo| !repo.is_empty()),
                tag: tag.map(str::to_owned),
                author: text(author),
                comment: text(message),
                pause: *pause,
                changes: Some(changes.join("\n")).filter(|changes| !changes.is_empty()),
            };
            let committed = docker.commit_container(options, ContainerConfig::default()).await;
            committed.map(|image| Some(format!("Committed as {}", image.id)))
        }
        Step::RemoveContainer { name, volumes } => {
            let options = RemoveContainerOptionsBuilder::default().v(*volumes).force(true).build();
            gone_is_fine(docker.remove_container(name, Some(options)).await)
        }
        Step::RemoveNetwork { name } => in_use_is_said(gone_is_fine(docker.remove_network(name).await)),
        Step::RemoveVolume { name } => {
            in_use_is_said(gone_is_fine(docker.remove_volume(name, None::<RemoveVolumeOptions>).await))
        }
        Step::RemoveImage { image } => {
            in_use_is_said(gone_is_fine(docker.remove_image(image, None::<RemoveImageOptions>, None).await.map(|_| ())))
        }
    };
    result.map_err(|error| explain::engine(step, error).into())
}

/// How long a stop may take. Without a number the engine takes the container's own grace period, which may be long.
fn patience(grace: Option<u64>) -> Duration {
    Duration::from_secs(grace.unwrap_or(24 * 60 * 60))
}

fn seconds(grace: u64) -> i32 {
    i32::try_from(grace).unwrap_or(i32::MAX)
}

async fn restart(site: &Site<'_>, name: &str, grace: Option<u64>) -> EngineResult<()> {
    let mut options = RestartContainerOptionsBuilder::default();
    if let Some(grace) = grace {
        options = options.t(seconds(grace));
    }
    site.engine.docker_with_patience(patience(grace)).restart_container(name, Some(options.build())).await
}

async fn stop(site: &Site<'_>, name: &str, grace: Option<u64>) -> EngineResult<()> {
    let mut options = StopContainerOptionsBuilder::default();
    if let Some(grace) = grace {
        options = options.t(seconds(grace));
    }
    site.engine.docker_with_patience(patience(grace)).stop_container(name, Some(options.build())).await
}

/// What was to go and is gone already is no failure.
fn gone_is_fine(result: EngineResult<()>) -> EngineResult<Option<String>> {
    let Err(error) = result else { return Ok(None) };
    match ErrorKind::of(&error) {
        ErrorKind::Gone => Ok(Some("Already gone".to_owned())),
        // Another program removes it at this moment.
        ErrorKind::RemovalInProgress => Ok(None),
        ErrorKind::NotRunning => Ok(Some("Not running".to_owned())),
        _ => Err(error),
    }
}

/// Others may still use a network, a volume or an image: it stays, and the person is told.
fn in_use_is_said(result: EngineResult<Option<String>>) -> EngineResult<Option<String>> {
    match result {
        Err(error) if ErrorKind::of(&error) == ErrorKind::InUse => Ok(Some("Still in use, left alone".to_owned())),
        other => other,
    }
}

async fn create(
    site: &Site<'_>,
    step: &Step,
    service_name: &str,
    number: u32,
    name: &str,
    replaces: Option<&str>,
) -> Result<Option<String>, Stop> {
    let Some(service) = site.project.services.get(service_name) else { return Ok(None) };
    let docker = site.engine.docker();
    let failed = |error| explain::engine(step, error);
    let image = docker.inspect_image(&site.project.image_of(service_name, service)).await.ok();
    let (image_id, image_config) = image.map(|image| (image.id, image.config)).unwrap_or_default();
    let inherited = match replaces {
        Some(old) => {
            let volumes_of_image = image_config.and_then(|config| config.volumes).unwrap_or_default();
            inherited(service, &volumes_of_image, volumes_of(site, old).await.map_err(failed)?)
        }
        None => Vec::new(),
    };
    let replica = Replica {
        project: site.project,
        name: service_name,
        service,
        number,
        image_id: image_id.as_deref(),
        inherited: &inherited,
    };
    let contents = files::to_copy(site.project, service).map_err(|failure| failure.of(step))?;
    let body = create_body(&replica, site.engine.api_version());
    let mut options = CreateContainerOptionsBuilder::default().name(name);
    if let Some(platform) = &service.platform {
        options = options.platform(platform);
    }
    let options = options.build();
    docker.create_container(Some(options), body).await.map_err(failed)?;
    let finish = async {
        for (network, endpoint_config) in further_networks(&replica) {
            connect(site, name, network, endpoint_config).await?;
        }
        files::copy(docker, name, contents).await
    };
    if let Err(error) = finish.await {
        let options = RemoveContainerOptionsBuilder::default().v(true).force(true).build();
        let _gone = docker.remove_container(name, Some(options)).await;
        return Err(failed(error).into());
    }
    Ok(None)
}

async fn connect(site: &Site<'_>, name: &str, network: String, endpoint: EndpointSettings) -> EngineResult<()> {
    let request = NetworkConnectRequest { container: name.to_owned(), endpoint_config: Some(endpoint) };
    site.engine.docker().connect_network(&network, request).await
}

/// The volumes of a container; none if it is gone.
async fn volumes_of(site: &Site<'_>, container: &str) -> EngineResult<Vec<InheritedVolume>> {
    let Some(inspected) = unless_gone(site.engine.docker().inspect_container(container, None).await)? else {
        return Ok(Vec::new());
    };
    let mounts = inspected.mounts.unwrap_or_default().into_iter();
    let volumes = mounts.filter(|mount| mount.typ.as_deref() == Some("volume"));
    Ok(volumes.filter_map(|mount| Some(InheritedVolume { name: mount.name?, path: mount.destination? })).collect())
}
