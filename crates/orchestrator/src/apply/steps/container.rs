//! Steps for containers, from their creation to their removal.

use std::time::{Duration, Instant};

use bollard::models::ContainerConfig;
use bollard::query_parameters::{
    CommitContainerOptions, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
    RestartContainerOptionsBuilder, StopContainerOptionsBuilder,
};
use wharf_compose::model::{ImageReference, Service};
use wharf_docker::images::inspect_image;
use wharf_docker::{ErrorKind, labels, unless_gone};
use wharf_plan::{StepError, StepFailure};

use super::hook::{self, Command};
use super::owners::owners;
use super::refusal::gone_is_fine;
use super::{anonymous_volumes, ignored_signal};
use crate::apply::context::{Context, EngineResult, StepResult, Task, failure};
use crate::apply::create::NewContainer;
use crate::apply::lost_answer::may_be_done;
use crate::apply::{explain, wait};
use crate::copy::{self, CopyError};
use crate::event::{HookPoint, Outcome};
use crate::observe::{Image, MountedVolume};
use crate::plan::{Commit, ContainerAct, ContainerStep, NamedService};
use crate::request::{Replica, inherited};
use crate::sealed::Unseen;

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &ContainerStep) -> StepResult {
    let docker = context.engine.docker();
    let ContainerStep { name, act } = step;
    let result: EngineResult<Outcome> = match act {
        ContainerAct::Create { service, number, image, replaces } => {
            let (replica, old) = ((service.as_ref(), *number, image.as_ref()), replaces.as_deref());
            return create(context, task, step, replica, old).await;
        }
        ContainerAct::Rename { from } => settled(|| rename(context, from, name)).await,
        ContainerAct::Stop { grace } => settled(|| stopped(context, name, *grace)).await,
        ContainerAct::Remove { volumes } => settled(|| remove(context, name, *volumes)).await,
        ContainerAct::Start => {
            let result = docker.start_container(name, None).await.map(|()| Outcome::Done);
            return started(context, task, step, result).await;
        }
        ContainerAct::RunInitContainer { service, index, hook } => {
            return hook::init_container(context, task, service, (*index, hook), name).await;
        }
        ContainerAct::RunHook { service, point, index, hook } => {
            let (key, may_be_gone) = (format!("{}[{index}]", point.as_str()), *point == HookPoint::PreStop);
            return hook::command(context, task, Command { service, key, may_be_gone }, hook, name).await;
        }
        ContainerAct::Await { until, optional, probes } => {
            return match wait::wait(context, task, name, (*until, *probes)).await {
                Err(StepError::Failed(failure)) if *optional => Ok(Outcome::NotRequired { reason: failure.message }),
                result => result,
            };
        }
        ContainerAct::Restart { grace } => {
            return started(context, task, step, restart(context, name, *grace).await).await;
        }
        ContainerAct::Kill { signal } => {
            let options = KillContainerOptionsBuilder::default().signal(signal).build();
            gone_is_fine(docker.kill_container(name, Some(options)).await)
        }
        ContainerAct::Pause => docker.pause_container(name).await.map(|()| Outcome::Done),
        ContainerAct::Unpause => docker.unpause_container(name).await.map(|()| Outcome::Done),
        ContainerAct::Commit(commit) => {
            let committed = docker.commit_container(commit_options(name, commit), ContainerConfig::default()).await;
            committed.map(|image| Outcome::Committed { id: image.id })
        }
        ContainerAct::CopyInto(copy) => match copy::into(context.engine, name, copy).await {
            Ok(()) => Ok(Outcome::Done),
            Err(CopyError::Engine(error)) => Err(error),
            Err(other) => return Err(failure(task.step(), format!("cannot {}: {other}", task.step())).into()),
        },
        ContainerAct::Sync(files) => match copy::sync(context.engine, name, files).await {
            Ok(0) => Ok(Outcome::Done),
            Ok(files) => Ok(Outcome::Kept { files }),
            // The next one has what the image has.
            Err(CopyError::Engine(error)) if ErrorKind::of(&error) == ErrorKind::Gone => Ok(Outcome::AlreadyGone),
            Err(CopyError::Engine(error)) => Err(error),
            Err(other) => return Err(failure(task.step(), format!("cannot {}: {other}", task.step())).into()),
        },
        ContainerAct::Exec { service, index, hook } => {
            let command = Command { service, key: format!("develop.watch[{index}].exec"), may_be_gone: true };
            return hook::command(context, task, command, hook, name).await;
        }
    };
    result.map_err(|error| {
        context.notes.conflict.note(act, &error);
        explain::engine(task.step(), error).into()
    })
}

/// Does what leaves the same however often it is done, once more if it is not known whether it was done.
async fn settled<F: Future<Output = EngineResult<Outcome>>>(act: impl Fn() -> F) -> EngineResult<Outcome> {
    match act().await {
        Err(error) if may_be_done(&error) => act().await,
        result => result,
    }
}

async fn rename(context: &Context<'_>, from: &str, name: &str) -> EngineResult<Outcome> {
    let docker = context.engine.docker();
    let options = RenameContainerOptionsBuilder::default().name(name).build();
    match docker.rename_container(from, options).await {
        Err(error) if ErrorKind::of(&error) == ErrorKind::Gone => {
            // It may have the name already.
            let found = unless_gone(docker.inspect_container(name, None).await)?;
            found.map(|_| Outcome::Done).ok_or(error)
        }
        result => result.map(|()| Outcome::Done),
    }
}

async fn started(
    context: &Context<'_>,
    task: Task<'_>,
    step: &ContainerStep,
    result: EngineResult<Outcome>,
) -> StepResult {
    match result {
        Ok(outcome) => Ok(outcome),
        Err(error) => {
            context.notes.conflict.note(&step.act, &error);
            Err(explain::start(context, task.step(), &step.name, error).await.into())
        }
    }
}

fn commit_options(container: &str, commit: &Commit) -> CommitContainerOptions {
    let image = commit.image.as_deref().filter(|image| !image.is_empty()).map(ImageReference::from);
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    CommitContainerOptions {
        container: Some(container.to_owned()),
        repo: image.as_ref().map(|image| image.repository().to_owned()),
        tag: image.as_ref().map(|image| image.tag_or_default().to_owned()),
        author: text(&commit.author),
        comment: text(&commit.message),
        pause: commit.pause,
        changes: Some(commit.changes.join("\n")).filter(|changes| !changes.is_empty()),
    }
}

async fn remove(context: &Context<'_>, name: &str, with_volumes: bool) -> EngineResult<Outcome> {
    let docker = context.engine.docker();
    let volumes = if with_volumes { anonymous_volumes::of(context, name).await? } else { Vec::new() };
    let options = RemoveContainerOptionsBuilder::default().v(with_volumes).force(true).build();
    let outcome = gone_is_fine(docker.remove_container(name, Some(options)).await)?;
    anonymous_volumes::remove(docker, &volumes).await?;
    Ok(outcome)
}

/// How long a stop may take. Without a number the engine takes the container's own grace period, which may be long.
fn patience(grace: Option<u64>) -> Duration {
    Duration::from_secs(grace.unwrap_or(24 * 60 * 60))
}

fn seconds(grace: u64) -> i32 {
    i32::try_from(grace).unwrap_or(i32::MAX)
}

/// Stops a container and starts it again, and finds out whether it ignored the signal until it was killed.
async fn restart(context: &Context<'_>, name: &str, grace: Option<u64>) -> EngineResult<Outcome> {
    let mut options = RestartContainerOptionsBuilder::default();
    if let Some(grace) = grace {
        options = options.t(seconds(grace));
    }
    let begun = Instant::now();
    let docker = context.engine.docker_with_patience(patience(grace));
    docker.restart_container(name, Some(options.build())).await?;
    Ok(ignored_signal::by_restarted(context.engine, name, grace, begun.elapsed()).await.unwrap_or(Outcome::Done))
}

/// Stops a container, and finds out whether it ignored the signal until it was killed.
async fn stopped(context: &Context<'_>, name: &str, grace: Option<u64>) -> EngineResult<Outcome> {
    let begun = Instant::now();
    match gone_is_fine(stop(context, name, grace).await)? {
        Outcome::Done => {
            let ignored = ignored_signal::by_stopped(context.engine, name, grace, begun.elapsed()).await?;
            Ok(ignored.unwrap_or(Outcome::Done))
        }
        outcome => Ok(outcome),
    }
}

async fn stop(context: &Context<'_>, name: &str, grace: Option<u64>) -> EngineResult<()> {
    let mut options = StopContainerOptionsBuilder::default();
    if let Some(grace) = grace {
        options = options.t(seconds(grace));
    }
    context.engine.docker_with_patience(patience(grace)).stop_container(name, Some(options.build())).await
}

async fn create(
    context: &Context<'_>,
    task: Task<'_>,
    ContainerStep { name, act }: &ContainerStep,
    (service, number, image): (&NamedService, u32, Option<&Image>),
    replaces: Option<&[MountedVolume]>,
) -> StepResult {
    let named = service;
    let NamedService { name: service_name, service } = named;
    let failed = |error| {
        context.notes.conflict.note(act, &error);
        explain::create(context, task.step(), named, error)
    };
    let volumes_of_image = match image.and_then(|image| image.volumes.clone()) {
        Some(volumes) => volumes,
        None => {
            let image = inspect_image(context.engine, &context.project.image_of(service_name, service)).await;
            image.map(|image| image.volumes).unwrap_or_default()
        }
    };
    let inherited = inherited(service, &volumes_of_image, replaces.unwrap_or_default().iter().cloned());
    let owners = owners(context, task, service).await?;
    let replica = Replica {
        project: context.project,
        name: service_name,
        service,
        number,
        image_id: image.map(|image| image.id.as_str()),
        volumes_of_image: &volumes_of_image,
        inherited: &inherited,
        owners: &owners,
        replaces: replaces.is_some(),
    };
    let mut container = NewContainer::replica(name, &replica, context.engine.api_version()).map_err(|problem| {
        let what = failure(task.step(), problem.message);
        StepFailure { help: problem.help, ..what }
    })?;
    if let Some(seal) = seal(context, task, service).await? {
        container.body_mut().labels.get_or_insert_default().insert(labels::OWN_SEAL.to_owned(), seal);
    }
    container.create(context.engine).await.map_err(failed)?;
    Ok(Outcome::Done)
}

/// The label for what an inspection of the container will not show, if there is something.
async fn seal(context: &Context<'_>, task: Task<'_>, service: &Service) -> Result<Option<String>, StepFailure> {
    let unseen = Unseen::of(context.project, service);
    if unseen.is_empty() {
        return Ok(None);
    }
    let seal = context.sealer.seal(&unseen).await;
    let seal = seal.map_err(|error| failure(task.step(), format!("cannot {}: {error}", task.step())))?;
    Ok(Some(seal.to_string()))
}
