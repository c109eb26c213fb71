//! Waits for a container. Its state is judged whenever the roster reports it, and its health check is run meanwhile.

mod judge;
mod probe;
mod run;
mod schedule;

use std::sync::Arc;

use tokio::time::Instant;
use wharf_docker::container::{ContainerDetails, ContainerState, ContainerStatus, HealthStatus};
use wharf_plan::StepError;

use super::context::{Context, StepResult, Task};
use super::explain;
use crate::event::{Outcome, Until};
use crate::own_keys::Probes;
use crate::plan::Step;
use judge::{Verdict, judge};
use run::Run;

/// Waits until a container is in the given state.
///
/// The roster lags a little: it may still have the state from before the container was started. So the engine is asked
/// first, and states of an earlier run are skipped.
pub(super) async fn wait(
    context: &Context<'_>,
    task: Task<'_>,
    name: &str,
    (until, probes): (Until, Probes),
) -> StepResult {
    let step = task.step();
    let Some(watch) = &context.watch else { return Err(StepError::GivenUp) };
    let mut project = watch.project.clone();
    let deadline = context.wait_timeout.map(|timeout| Instant::now() + timeout);
    let mut failures = project.borrow_and_update().failures;
    let first = ask(context, step, name).await?;
    let mut container = first.clone();
    let mut run = Run::of(&container);
    loop {
        run.follow(&container);
        let state = &container.state;
        let ran = run.length(project.borrow().clock.as_ref());
        let soon = match judge(state, container.restarts.saturating_sub(first.restarts), until, ran) {
            Verdict::Ready => return Ok(outcome(state)),
            Verdict::Never(reason) => return Err(explain::wait(context, step, name, reason, state).await.into()),
            Verdict::NotYet => None,
            Verdict::Soon(left) => Some(Instant::now() + left),
        };
        if until != Until::Completed && probes == Probes::Own {
            run.probe(context, &container);
        }
        tokio::select! {
            changed = project.changed() => if changed.is_err() { return Err(StepError::GivenUp) },
            () = task.given_up() => return Err(StepError::GivenUp),
            () = run.found_healthy() => return Ok(Outcome::Done),
            () = at(soon) => {
                container = ask(context, step, name).await?;
                continue;
            }
            () = at(deadline) => {
                let seconds = context.wait_timeout.unwrap_or_default().as_secs();
                let reason = format!("{name} was not {until} within {seconds} seconds");
                return Err(explain::wait(context, step, name, reason, state).await.into());
            }
        }
        let given = {
            let seen = project.borrow_and_update();
            let failed = std::mem::replace(&mut failures, seen.failures) != seen.failures;
            if failed || seen.is_gone(&container.id) { None } else { Some(seen.container(&container.id)) }
        };
        container = match given {
            // It is not reported yet, or as it was in an earlier run.
            Some(None) => continue,
            Some(Some(given)) if given.state.started < first.state.started => continue,
            Some(Some(given)) => given,
            // The container is gone, or the engine does not answer. What the engine says now counts.
            None => ask(context, step, name).await?,
        };
    }
}

/// Returns at that time, or never.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn ask(context: &Context<'_>, step: &Step, name: &str) -> Result<Arc<ContainerDetails>, StepError> {
    let inspected = context.engine.docker().inspect_container(name, None).await;
    let inspected = inspected.map_err(|error| explain::engine(step, error))?;
    Ok(Arc::new(inspected.into()))
}

fn outcome(state: &ContainerState) -> Outcome {
    let healthy = state.health.as_ref().is_some_and(|health| health.status == HealthStatus::Healthy);
    if state.status == ContainerStatus::Running && !healthy { Outcome::Running } else { Outcome::Done }
}
