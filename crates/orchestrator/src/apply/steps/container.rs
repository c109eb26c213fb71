//! Steps for containers, from their creation to their removal.

use std::time::{Duration, Instant};

use bollard::models::{ContainerConfig, ContainerInspectResponse};
use bollard::query_parameters::{
    CommitContainerOptions, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
    RestartContainerOptionsBuilder, StopContainerOptionsBuilder,
};
use wharf_compose::model::{ImageReference, Service};
use wharf_docker::{ErrorKind, labels, unless_gone};
use wharf_plan::{StepError, StepFailure};

use super::anonymous_volumes;
use super::hook::{self, Command};
use super::owners::owners;
use super::refusal::gone_is_fine;
use crate::apply::context::{Context, EngineResult, StepResult, Task, failure};
use crate::apply::create::NewContainer;
use crate::apply::lost_answer::may_be_done;
use crate::apply::{explain, wait};
use crate::copy::{self, CopyError};
use crate::event::{HookPoint, Outcome};
use crate::observe::MountedVolume;
use crate::plan::{Commit, ContainerAct, ContainerStep, NamedService};
use crate::request::{Replica, inherited};
use crate::sealed::Unseen;

/// Nothing shorter is a grace period.
const SHORTEST_GRACE: Duration = Duration::from_secs(1);
/// The engine's grace period, in seconds, of a container that has none of its own.
const USUAL_GRACE: u64 = 10;
/// The exit code of a process that was killed: 128 and the number of SIGKILL.
const KILLED: i64 = 137;

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &ContainerStep) -> StepResult {
    let docker = context.engine.docker();
    let ContainerStep { name, act } = step;
    let result: EngineResult<Outcome> = match act {
        ContainerAct::Create { service, number, image_id, replaces } => {
            let (replica, old) = ((service.as_ref(), *number, image_id.as_deref()), replaces.as_deref());
            return create(context, task, step, replica, old).await;
        }
        ContainerAct::Rename { .. } | ContainerAct::Stop { .. } | ContainerAct::Remove { .. } => {
            match settle(context, name, act).await {
                // Whether it was done is not known, and doing it twice is the same as doing it once.
                Err(error) if may_be_done(&error) => settle(context, name, act).await,
                result => result,
            }
        }
        ContainerAct::Start => return started(context, task, step, docker.start_container(name, None).await).await,
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

/// The steps of a replacement that leave the same however often they are done.
async fn settle(context: &Context<'_>, name: &str, act: &ContainerAct) -> EngineResult<Outcome> {
    match act {
        ContainerAct::Rename { from } => rename(context, from, name).await,
        ContainerAct::Stop { grace } => stopped(context, name, *grace).await,
        ContainerAct::Remove { volumes } => remove(context, name, *volumes).await,
        _ => Ok(Outcome::Done),
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

async fn started(context: &Context<'_>, task: Task<'_>, step: &ContainerStep, result: EngineResult<()>) -> StepResult {
    match result {
        Ok(()) => Ok(Outcome::Done),
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

async fn restart(context: &Context<'_>, name: &str, grace: Option<u64>) -> EngineResult<()> {
    let mut options = RestartContainerOptionsBuilder::default();
    if let Some(grace) = grace {
        options = options.t(seconds(grace));
    }
    context.engine.docker_with_patience(patience(grace)).restart_container(name, Some(options.build())).await
}

/// Stops a container, and finds out whether it ignored the signal until it was killed.
async fn stopped(context: &Context<'_>, name: &str, grace: Option<u64>) -> EngineResult<Outcome> {
    let begun = Instant::now();
    let outcome = gone_is_fine(stop(context, name, grace).await)?;
    let took = begun.elapsed();
    if outcome != Outcome::Done || grace == Some(0) || took < SHORTEST_GRACE {
        return Ok(outcome);
    }
    let found = unless_gone(context.engine.docker().inspect_container(name, None).await)?;
    Ok(found.and_then(|found| ignored(&found, grace, took)).unwrap_or(outcome))
}

/// What a container that was killed after its grace period says about itself.
fn ignored(found: &ContainerInspectResponse, grace: Option<u64>, took: Duration) -> Option<Outcome> {
    let config = found.config.as_ref();
    let own = config.and_then(|config| config.stop_timeout).and_then(|seconds| u64::try_from(seconds).ok());
    let seconds = grace.or(own).unwrap_or(USUAL_GRACE);
    let was_killed = found.state.as_ref().and_then(|state| state.exit_code) == Some(KILLED);
    // The engine's clock and ours need not agree about the last moment.
    if !was_killed || took + SHORTEST_GRACE / 2 < Duration::from_secs(seconds) {
        return None;
    }
    let words = found.path.iter().chain(found.args.iter().flatten());
    let signal = config.and_then(|config| config.stop_signal.clone()).filter(|signal| !signal.is_empty());
    Some(Outcome::IgnoredSignal {
        process: words.cloned().collect::<Vec<_>>().join(" "),
        signal: signal.unwrap_or_else(|| "SIGTERM".to_owned()),
        seconds,
        has_init: found.host_config.as_ref().and_then(|host| host.init).unwrap_or(false),
    })
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
    (service, number, image_id): (&NamedService, u32, Option<&str>),
    replaces: Option<&[MountedVolume]>,
) -> StepResult {
    let named = service;
    let NamedService { name: service_name, service } = named;
    let failed = |error| {
        context.notes.conflict.note(act, &error);
        explain::create(context, task.step(), named, error)
    };
    let inherited = match replaces {
        Some(old) => {
            let image = context.project.image_of(service_name, service);
            let image = context.engine.docker().inspect_image(&image).await.ok();
            let volumes_of_image = image.and_then(|image| image.config?.volumes).unwrap_or_default();
            inherited(service, &volumes_of_image, old.iter().cloned())
        }
        None => Vec::new(),
    };
    let owners = owners(context, task, service).await?;
    let replica = Replica {
        project: context.project,
        name: service_name,
        service,
        number,
        image_id,
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(exit_code: i64, grace: Option<u64>, took: f64) -> Option<Outcome> {
        let found = json!({
            "Path": "sh", "Args": ["-c", "sleep 600"], "State": { "ExitCode": exit_code },
            "Config": { "StopTimeout": 3, "StopSignal": "SIGUSR1" }, "HostConfig": { "Init": true }
        });
        ignored(&serde_json::from_value(found).unwrap(), grace, Duration::from_secs_f64(took))
    }

    #[test]
    fn a_container_that_was_killed_after_its_grace_period_ignored_its_signal() {
        let outcome = |seconds| Outcome::IgnoredSignal {
            process: "sh -c sleep 600".into(),
            signal: "SIGUSR1".into(),
            seconds,
            has_init: true,
        };
        assert_eq!(told(137, None, 3.1), Some(outcome(3)));
        assert_eq!(told(137, Some(2), 2.1), Some(outcome(2)));
        assert_eq!(told(137, None, 1.5), None, "somebody else killed it");
        assert_eq!(told(0, None, 3.1), None, "it ended by itself");
    }
}
