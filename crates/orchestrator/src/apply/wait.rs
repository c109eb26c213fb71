//! Waiting for a container: its state is looked at whenever the engine reports that something happened.

use std::collections::HashMap;

use bollard::models::{ContainerState, ContainerStateStatusEnum, HealthStatusEnum};
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wharf_docker::{Engine, events, follow_events, labels};
use wharf_plan::StepError;

use super::context::{Context, StepResult, Task};
use super::explain;
use crate::Error;
use crate::event::{Outcome, Until};

/// Events after which a container's state may be another.
const TELLING: [&str; 8] = ["start", "die", "oom", "health_status", "kill", "destroy", "unpause", "rename"];
/// A container that came back this often while it was waited for will not settle.
const MOST_RESTARTS: i64 = 5;

/// Counts what happens to the project's containers.
pub(super) struct Watch {
    changes: watch::Receiver<u64>,
    _follower: JoinSet<()>,
}

impl Watch {
    /// Begins to follow the engine's events.
    pub(super) async fn open(engine: &Engine, project: &str) -> Result<Self, Error> {
        let since = events::now(engine).await?;
        let filters = HashMap::from([
            ("type".to_owned(), vec!["container".to_owned()]),
            ("event".to_owned(), TELLING.map(str::to_owned).to_vec()),
            ("label".to_owned(), vec![labels::selector(labels::PROJECT, project)]),
        ]);
        let (sender, changes) = watch::channel(0);
        let stream = follow_events(engine.clone(), filters, since);
        let mut follower = JoinSet::new();
        follower.spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while stream.next().await.is_some() {
                sender.send_modify(|count| *count += 1);
            }
        });
        Ok(Watch { changes, _follower: follower })
    }
}

/// What a container's state means for somebody who waits.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ready,
    NotYet,
    Never(String),
}

/// Waits until a container is as asked for.
pub(super) async fn wait(context: &Context<'_>, task: Task<'_>, name: &str, until: Until) -> StepResult {
    let step = task.step();
    let Some(watch) = &context.watch else { return Err(StepError::GivenUp) };
    let mut changes = watch.changes.clone();
    let deadline = context.wait_timeout.map(|timeout| tokio::time::Instant::now() + timeout);
    let mut restarts_before = None;
    loop {
        changes.mark_unchanged();
        let inspected = context.engine.docker().inspect_container(name, None).await;
        let inspected = inspected.map_err(|error| explain::engine(step, error))?;
        let state = inspected.state.unwrap_or_default();
        let restarts = inspected.restart_count.unwrap_or(0);
        let new_restarts = restarts - *restarts_before.get_or_insert(restarts);
        match judge(&state, new_restarts, until) {
            Verdict::Ready => return Ok(outcome(&state)),
            Verdict::Never(reason) => return Err(explain::wait(context, step, name, reason, &state).await.into()),
            Verdict::NotYet => {}
        }
        let timed_out = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return Err(StepError::GivenUp) },
            () = task.given_up() => return Err(StepError::GivenUp),
            () = timed_out => {
                let seconds = context.wait_timeout.unwrap_or_default().as_secs();
                let reason = format!("{name} was not {until} within {seconds} seconds");
                return Err(explain::wait(context, step, name, reason, &state).await.into());
            }
        }
    }
}

fn outcome(state: &ContainerState) -> Outcome {
    let healthy = state.health.as_ref().and_then(|health| health.status) == Some(HealthStatusEnum::HEALTHY);
    match state.status {
        Some(ContainerStateStatusEnum::RUNNING) if !healthy => Outcome::Running,
        _ => Outcome::Done,
    }
}

fn judge(state: &ContainerState, new_restarts: i64, until: Until) -> Verdict {
    use ContainerStateStatusEnum as Status;
    let status = state.status.unwrap_or(Status::EMPTY);
    let exit = exit_text(state);
    match (until, status) {
        (Until::Completed, Status::EXITED) if state.exit_code == Some(0) => Verdict::Ready,
        (_, Status::EXITED | Status::DEAD | Status::REMOVING) => Verdict::Never(exit),
        (_, _) if new_restarts >= MOST_RESTARTS => {
            Verdict::Never(format!("it starts again and again ({new_restarts} times while waiting); it last {exit}"))
        }
        (Until::Completed, _) => Verdict::NotYet,
        (_, Status::RUNNING) => {
            let health = state.health.as_ref().and_then(|health| health.status).unwrap_or(HealthStatusEnum::NONE);
            match (health, until) {
                (HealthStatusEnum::HEALTHY, _) => Verdict::Ready,
                (HealthStatusEnum::UNHEALTHY, _) => Verdict::Never("is unhealthy".to_owned()),
                (HealthStatusEnum::STARTING, _) => Verdict::NotYet,
                (_, Until::Healthy) => Verdict::Never("has no health check, so it can never become healthy".to_owned()),
                (_, _) => Verdict::Ready,
            }
        }
        (_, _) => Verdict::NotYet,
    }
}

fn exit_text(state: &ContainerState) -> String {
    let code = state.exit_code.unwrap_or(0);
    if state.oom_killed == Some(true) {
        return format!("was killed because it ran out of memory (exit code {code})");
    }
    match state.error.as_deref().filter(|error| !error.is_empty()) {
        Some(error) => format!("exited with code {code}: {error}"),
        None => format!("exited with code {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::Health;

    fn state(status: ContainerStateStatusEnum, health: Option<HealthStatusEnum>, exit_code: i64) -> ContainerState {
        ContainerState {
            status: Some(status),
            exit_code: Some(exit_code),
            health: health.map(|status| Health { status: Some(status), ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn a_container_with_a_health_check_is_ready_only_when_healthy() {
        use ContainerStateStatusEnum::RUNNING;
        let judged = |health, until| judge(&state(RUNNING, health, 0), 0, until);
        assert_eq!(judged(Some(HealthStatusEnum::STARTING), Until::RunningOrHealthy), Verdict::NotYet);
        assert_eq!(judged(Some(HealthStatusEnum::HEALTHY), Until::Healthy), Verdict::Ready);
        assert_eq!(judged(None, Until::RunningOrHealthy), Verdict::Ready);
        assert!(matches!(judged(None, Until::Healthy), Verdict::Never(_)));
        assert!(matches!(judged(Some(HealthStatusEnum::UNHEALTHY), Until::Healthy), Verdict::Never(_)));
    }

    #[test]
    fn an_exit_ends_the_wait_and_only_code_0_completes() {
        use ContainerStateStatusEnum::EXITED;
        assert_eq!(judge(&state(EXITED, None, 0), 0, Until::Completed), Verdict::Ready);
        assert_eq!(
            judge(&state(EXITED, None, 3), 0, Until::Completed),
            Verdict::Never("exited with code 3".to_owned())
        );
        assert!(matches!(judge(&state(EXITED, None, 0), 0, Until::RunningOrHealthy), Verdict::Never(_)));
    }

    #[test]
    fn a_restart_loop_ends_the_wait() {
        use ContainerStateStatusEnum::RESTARTING;
        assert_eq!(judge(&state(RESTARTING, None, 1), 1, Until::Healthy), Verdict::NotYet);
        assert!(matches!(judge(&state(RESTARTING, None, 1), 5, Until::Healthy), Verdict::Never(_)));
    }
}
