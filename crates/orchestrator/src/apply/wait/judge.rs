//! What a container's state means for a wait: values in, values out.

use std::time::Duration;

use wharf_docker::container::{ContainerState, ContainerStatus, HealthStatus};

use crate::event::Until;

/// After this many restarts during a wait, a container will not settle.
const MOST_RESTARTS: u64 = 5;

/// A container without a health check counts as running when it has run for so long: many a program ends at once because of
/// its configuration.
const SETTLED: Duration = Duration::from_secs(1);

/// What a container's state means for a wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ready,
    NotYet,
    /// Ready if it still runs after this time.
    Soon(Duration),
    Never(String),
}

/// Judges a container that has run for `ran` since it was started last, and was restarted `new_restarts` times since the wait
/// began.
pub(super) fn judge(state: &ContainerState, new_restarts: u64, until: Until, ran: Duration) -> Verdict {
    use ContainerStatus as Status;
    let exit = exit_text(state);
    match (until, state.status) {
        (Until::Completed, Status::Exited) if state.exit_code == 0 => Verdict::Ready,
        (_, Status::Exited | Status::Dead | Status::Removing) => Verdict::Never(exit),
        // Its health check does not run, and nothing says when it will go on.
        (_, Status::Paused) => Verdict::Never("is paused".to_owned()),
        (_, _) if new_restarts >= MOST_RESTARTS => {
            Verdict::Never(format!("it starts again and again ({new_restarts} times while waiting); it last {exit}"))
        }
        (Until::Completed, _) => Verdict::NotYet,
        (_, Status::Running) => match (state.health.as_ref().map(|health| health.status), until) {
            (Some(HealthStatus::Healthy), _) => Verdict::Ready,
            (Some(HealthStatus::Unhealthy), _) => Verdict::Never("is unhealthy".to_owned()),
            (Some(HealthStatus::Starting), _) => Verdict::NotYet,
            (None, Until::Healthy) => Verdict::Never("has no health check, so it can never become healthy".to_owned()),
            (None, _) if ran < SETTLED => Verdict::Soon(SETTLED - ran),
            (None, _) => Verdict::Ready,
        },
        (_, _) => Verdict::NotYet,
    }
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
    use wharf_docker::container::Health;

    const LONG: Duration = Duration::from_secs(3600);

    fn state(status: ContainerStatus, health: Option<HealthStatus>, exit_code: i64) -> ContainerState {
        let health = health.map(|status| Health { status, last_probe: None });
        ContainerState { status, exit_code, health, ..Default::default() }
    }

    #[test]
    fn a_container_with_a_health_check_is_ready_only_when_healthy() {
        use ContainerStatus::Running;
        let judged = |health, until| judge(&state(Running, health, 0), 0, until, LONG);
        assert_eq!(judged(Some(HealthStatus::Starting), Until::RunningOrHealthy), Verdict::NotYet);
        assert_eq!(judged(Some(HealthStatus::Healthy), Until::Healthy), Verdict::Ready);
        assert_eq!(judged(None, Until::RunningOrHealthy), Verdict::Ready);
        assert!(matches!(judged(None, Until::Healthy), Verdict::Never(_)));
        assert!(matches!(judged(Some(HealthStatus::Unhealthy), Until::Healthy), Verdict::Never(_)));
    }

    #[test]
    fn a_container_without_a_health_check_has_to_run_for_a_second() {
        let running = state(ContainerStatus::Running, None, 0);
        let after = |milliseconds| judge(&running, 0, Until::RunningOrHealthy, Duration::from_millis(milliseconds));
        assert_eq!(after(300), Verdict::Soon(Duration::from_millis(700)));
        assert_eq!(after(1000), Verdict::Ready);
    }

    #[test]
    fn an_exit_ends_the_wait_and_only_code_0_completes() {
        use ContainerStatus::Exited;
        assert_eq!(judge(&state(Exited, None, 0), 0, Until::Completed, LONG), Verdict::Ready);
        assert_eq!(
            judge(&state(Exited, None, 3), 0, Until::Completed, LONG),
            Verdict::Never("exited with code 3".to_owned())
        );
        assert!(matches!(judge(&state(Exited, None, 0), 0, Until::RunningOrHealthy, LONG), Verdict::Never(_)));
    }

    #[test]
    fn nothing_waits_for_a_paused_container() {
        for until in [Until::Healthy, Until::RunningOrHealthy, Until::Completed] {
            let paused = state(ContainerStatus::Paused, Some(HealthStatus::Starting), 0);
            assert_eq!(judge(&paused, 0, until, LONG), Verdict::Never("is paused".to_owned()));
        }
    }

    #[test]
    fn a_restart_loop_ends_the_wait() {
        use ContainerStatus::Restarting;
        assert_eq!(judge(&state(Restarting, None, 1), 1, Until::Healthy, LONG), Verdict::NotYet);
        assert!(matches!(judge(&state(Restarting, None, 1), 5, Until::Healthy, LONG), Verdict::Never(_)));
    }
}
