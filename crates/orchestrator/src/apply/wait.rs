//! Waits for a container. Its state is judged whenever the roster reports it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wharf_docker::container::{ContainerDetails, ContainerState, ContainerStatus, HealthStatus};
use wharf_plan::StepError;

use super::context::{Context, StepResult, Task};
use super::explain;
use crate::event::{Outcome, Until};
use crate::plan::Step;

/// After this many restarts during a wait, a container will not settle.
const MOST_RESTARTS: u64 = 5;

/// A container without a health check counts as running when it has run for so long: many a program ends at once because of
/// its configuration.
const SETTLED: Duration = Duration::from_secs(1);

/// What a container's state means for a wait.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ready,
    NotYet,
    /// Ready if it still runs after this time.
    Soon(Duration),
    Never(String),
}

/// Waits until a container is in the given state.
///
/// The roster lags a little: it may still have the state from before the container was started. So the engine is asked
/// first, and states of an earlier run are skipped.
pub(super) async fn wait(context: &Context<'_>, task: Task<'_>, name: &str, until: Until) -> StepResult {
    let step = task.step();
    let Some(watch) = &context.watch else { return Err(StepError::GivenUp) };
    let mut project = watch.project.clone();
    let deadline = context.wait_timeout.map(|timeout| tokio::time::Instant::now() + timeout);
    let mut failures = project.borrow_and_update().failures;
    let first = ask(context, step, name).await?;
    let mut container = first.clone();
    loop {
        let state = &container.state;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let soon = match judge(state, container.restarts.saturating_sub(first.restarts), until, now) {
            Verdict::Ready => return Ok(outcome(state)),
            Verdict::Never(reason) => return Err(explain::wait(context, step, name, reason, state).await.into()),
            Verdict::NotYet => None,
            Verdict::Soon(left) => Some(left),
        };
        let settled = async {
            match soon {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        let timed_out = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = project.changed() => if changed.is_err() { return Err(StepError::GivenUp) },
            () = task.given_up() => return Err(StepError::GivenUp),
            () = settled => {
                container = ask(context, step, name).await?;
                continue;
            }
            () = timed_out => {
                let seconds = context.wait_timeout.unwrap_or_default().as_secs();
                let reason = format!("{name} was not {until} within {seconds} seconds");
                return Err(explain::wait(context, step, name, reason, state).await.into());
            }
        }
        let given = {
            let seen = project.borrow_and_update();
            let failed = std::mem::replace(&mut failures, seen.failures) != seen.failures;
            if failed { None } else { seen.named(name) }
        };
        container = match given {
            Some(given) if given.state.started < first.state.started => continue,
            Some(given) => given,
            // The container is gone or not reported yet, or the engine does not answer. What the engine says now
            // counts.
            None => ask(context, step, name).await?,
        };
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

/// `now` is the time since 1970.
fn judge(state: &ContainerState, new_restarts: u64, until: Until, now: Duration) -> Verdict {
    use ContainerStatus as Status;
    let exit = exit_text(state);
    match (until, state.status) {
        (Until::Completed, Status::Exited) if state.exit_code == 0 => Verdict::Ready,
        (_, Status::Exited | Status::Dead | Status::Removing) => Verdict::Never(exit),
        (_, _) if new_restarts >= MOST_RESTARTS => {
            Verdict::Never(format!("it starts again and again ({new_restarts} times while waiting); it last {exit}"))
        }
        (Until::Completed, _) => Verdict::NotYet,
        (_, Status::Running) => match (state.health.as_ref().map(|health| health.status), until) {
            (Some(HealthStatus::Healthy), _) => Verdict::Ready,
            (Some(HealthStatus::Unhealthy), _) => Verdict::Never("is unhealthy".to_owned()),
            (Some(HealthStatus::Starting), _) => Verdict::NotYet,
            (None, Until::Healthy) => Verdict::Never("has no health check, so it can never become healthy".to_owned()),
            (None, _) => match unsettled(state, now) {
                Some(left) => Verdict::Soon(left),
                None => Verdict::Ready,
            },
        },
        (_, _) => Verdict::NotYet,
    }
}

/// How long a container has to run yet. An engine whose clock is ahead does not make it longer.
fn unsettled(state: &ContainerState, now: Duration) -> Option<Duration> {
    let started = Duration::from_nanos(u64::try_from(state.started?.0).ok()?);
    SETTLED.checked_sub(now.saturating_sub(started)).filter(|left| !left.is_zero())
}

fn exit_text(state: &ContainerState) -> String {
    let code = state.exit_code;
    if state.oom_killed {
        return format!("was killed because it ran out of memory (exit code {code})");
    }
    match state.error.as_str() {
        "" => format!("exited with code {code}"),
        error => format!("exited with code {code}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_docker::Timestamp;
    use wharf_docker::container::Health;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn state(status: ContainerStatus, health: Option<HealthStatus>, exit_code: i64) -> ContainerState {
        let health = health.map(|status| Health { status, last_probe: None });
        ContainerState { status, exit_code, health, ..Default::default() }
    }

    #[test]
    fn a_container_with_a_health_check_is_ready_only_when_healthy() {
        use ContainerStatus::Running;
        let judged = |health, until| judge(&state(Running, health, 0), 0, until, NOW);
        assert_eq!(judged(Some(HealthStatus::Starting), Until::RunningOrHealthy), Verdict::NotYet);
        assert_eq!(judged(Some(HealthStatus::Healthy), Until::Healthy), Verdict::Ready);
        assert_eq!(judged(None, Until::RunningOrHealthy), Verdict::Ready);
        assert!(matches!(judged(None, Until::Healthy), Verdict::Never(_)));
        assert!(matches!(judged(Some(HealthStatus::Unhealthy), Until::Healthy), Verdict::Never(_)));
    }

    #[test]
    fn a_container_without_a_health_check_has_to_run_for_a_second() {
        let started = |milliseconds_ago: i64| {
            let running = state(ContainerStatus::Running, None, 0);
            let started = i64::try_from(NOW.as_nanos()).unwrap() - milliseconds_ago * 1_000_000;
            let state = ContainerState { started: Some(Timestamp(started)), ..running };
            judge(&state, 0, Until::RunningOrHealthy, NOW)
        };
        assert_eq!(started(300), Verdict::Soon(Duration::from_millis(700)));
        assert_eq!(started(1000), Verdict::Ready);
        assert_eq!(started(-5000), Verdict::Soon(SETTLED), "the engine's clock is ahead");
    }

    #[test]
    fn an_exit_ends_the_wait_and_only_code_0_completes() {
        use ContainerStatus::Exited;
        assert_eq!(judge(&state(Exited, None, 0), 0, Until::Completed, NOW), Verdict::Ready);
        assert_eq!(
            judge(&state(Exited, None, 3), 0, Until::Completed, NOW),
            Verdict::Never("exited with code 3".to_owned())
        );
        assert!(matches!(judge(&state(Exited, None, 0), 0, Until::RunningOrHealthy, NOW), Verdict::Never(_)));
    }

    #[test]
    fn a_restart_loop_ends_the_wait() {
        use ContainerStatus::Restarting;
        assert_eq!(judge(&state(Restarting, None, 1), 1, Until::Healthy, NOW), Verdict::NotYet);
        assert!(matches!(judge(&state(Restarting, None, 1), 5, Until::Healthy, NOW), Verdict::Never(_)));
    }
}
