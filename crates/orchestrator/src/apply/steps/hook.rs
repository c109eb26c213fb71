//! Hooks: commands in a container that runs (`post_start`, `pre_stop`), and containers that run before it
//! (`pre_start`).

use std::collections::HashMap;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models as api;
use bollard::query_parameters::{AttachContainerOptionsBuilder, ListContainersOptionsBuilder};
use futures_util::{Stream, StreamExt};
use wharf_compose::model::Hook;
use wharf_docker::names::short_id;
use wharf_docker::{ErrorKind, labels};
use wharf_plan::{StepError, StepFailure};

use super::owners::owners;
use crate::apply::containers;
use crate::apply::context::{Context, EngineResult, StepResult, Task, failure};
use crate::apply::create::NewContainer;
use crate::apply::explain;
use crate::apply::lines::{LastLines, LineCutter};
use crate::event::Outcome;
use crate::plan::NamedService;
use crate::request::{Replica, variables};

/// Who asks for a command.
pub(super) struct Command<'a> {
    pub(super) service: &'a str,
    /// Where the service asks for it: `post_start[0]`.
    pub(super) key: String,
    /// Whether it is fine if the container does not run, because there is nothing to prepare then.
    pub(super) may_be_gone: bool,
}

/// Runs one of a service's commands in a container.
pub(super) async fn command(
    context: &Context<'_>,
    task: Task<'_>,
    asked: Command<'_>,
    hook: &Hook,
    container: &str,
) -> StepResult {
    let Command { service, key, may_be_gone } = asked;
    let docker = context.engine.docker();
    let failed = |error| explain::engine(task.step(), error);
    let config = api::ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: hook.command.clone(),
        env: Some(variables(&hook.environment).chain(context.hook_environment.iter().cloned()).collect()),
        privileged: Some(hook.privileged),
        user: hook.user.clone(),
        working_dir: hook.working_dir.clone(),
        ..Default::default()
    };
    let created = match docker.create_exec(container, config).await {
        Ok(created) => created,
        Err(error) if may_be_gone && is_gone(&error) => return Ok(Outcome::NotRunning),
        Err(error) => return Err(failed(error).into()),
    };
    let options = StartExecOptions { detach: false, tty: false, output_capacity: None };
    let started = docker.start_exec(&created.id, Some(options)).await.map_err(failed)?;
    let mut last = LastLines::default();
    if let StartExecResults::Attached { output, .. } = started {
        last = tokio::select! {
            last = relay(task, service, output) => last,
            () = task.given_up() => return Err(StepError::GivenUp),
        };
    }
    let ended = docker.inspect_exec(&created.id).await.map_err(failed)?;
    match ended.exit_code.unwrap_or(0) {
        0 => Ok(Outcome::Done),
        code => {
            let message = format!("{container}: {service} hook exited with status {code} ({key})");
            Err(hook_failure(task, message, last).into())
        }
    }
}

fn is_gone(error: &bollard::errors::Error) -> bool {
    use ErrorKind::{Gone, NotRunning, Paused, RemovalInProgress};
    matches!(ErrorKind::of(error), Gone | NotRunning | Paused | RemovalInProgress)
}

/// Runs one of a service's `pre_start` containers to its end: in the service's networks, with the volumes of `target`.
/// A container that fails is kept for inspection, and the next run removes it.
pub(super) async fn init_container(
    context: &Context<'_>,
    task: Task<'_>,
    service: &NamedService,
    (index, hook): (usize, &Hook),
    target: &str,
) -> StepResult {
    let failed = |error| explain::engine(task.step(), error);
    let engine = context.engine;
    let NamedService { name: service_name, service } = service;
    if index == 0 {
        remove_left_over(context, service_name).await.map_err(failed)?;
    }
    let owners = owners(context, task, service).await?;
    let replica = Replica {
        project: context.project,
        name: service_name,
        service,
        number: 0,
        image_id: None,
        volumes_of_image: &[],
        inherited: &[],
        owners: &owners,
        replaces: false,
    };
    let mut container = NewContainer::init_container(&replica, hook, target);
    container.body_mut().env.get_or_insert_default().extend(context.hook_environment.iter().cloned());
    let id = container.create(engine).await.map_err(failed)?;
    let run = async {
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let attached = engine.docker().attach_container(&id, Some(options)).await?;
        engine.docker().start_container(&id, None).await?;
        let last = relay(task, service_name, attached.output).await;
        Ok((last, containers::exit_code(engine, &id).await))
    };
    let result = tokio::select! {
        result = run => result,
        () = task.given_up() => {
            containers::remove(engine, &id).await.ok();
            return Err(StepError::GivenUp);
        }
    };
    let (last, code) = match result {
        Ok((last, Ok(code))) => (last, code),
        Ok((_, Err(error))) => return Err(failure(task.step(), format!("cannot {}: {error}", task.step())).into()),
        Err(error) => {
            containers::remove(engine, &id).await.ok();
            return Err(failed(error).into());
        }
    };
    if code == 0 {
        containers::remove(engine, &id).await.ok();
        return Ok(Outcome::Done);
    }
    let short = short_id(&id);
    let message = format!("service {service_name}: pre_start[{index}] exited with code {code}");
    let help = format!("its container is kept until the next run: `docker logs {short}`, `docker inspect {short}`");
    Err(StepFailure { help: Some(help), ..hook_failure(task, message, last) }.into())
}

/// Removes what an earlier, failed run has left.
async fn remove_left_over(context: &Context<'_>, service: &str) -> EngineResult<()> {
    let wanted = [
        labels::selector(labels::PROJECT, &context.project.name),
        labels::selector(labels::SERVICE, service),
        labels::selector(labels::HOOK, "pre_start"),
    ];
    let filters = HashMap::from([("label", wanted.to_vec())]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    for left in context.engine.docker().list_containers(Some(options)).await? {
        containers::remove(context.engine, &left.id.unwrap_or_default()).await.ok();
    }
    Ok(())
}

/// Reports each line until the output ends, and returns the last ones.
async fn relay(
    task: Task<'_>,
    service: &str,
    output: impl Stream<Item = Result<LogOutput, bollard::errors::Error>>,
) -> LastLines {
    let mut output = std::pin::pin!(output);
    let mut lines = LineCutter::default();
    let report = |line: &str| task.hook_output(service, line);
    while let Some(Ok(part)) = output.next().await {
        lines.take(&part.into_bytes(), report);
    }
    lines.finish(report)
}

fn hook_failure(task: Task<'_>, message: String, last: LastLines) -> StepFailure {
    StepFailure { details: last.details("last lines of the hook"), ..failure(task.step(), message) }
}
