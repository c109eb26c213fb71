//! Whether a container ignored its stop signal, so that it was killed when its grace period was over.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::ContainerInspectResponse;
use futures_util::TryStreamExt;
use wharf_docker::event_history::read_events;
use wharf_docker::events::EngineEvent;
use wharf_docker::{Engine, Timestamp, unless_gone};

use crate::apply::context::EngineResult;
use crate::event::Outcome;

/// Nothing shorter is a grace period.
const SHORTEST_GRACE: Duration = Duration::from_secs(1);
/// The engine's grace period, in seconds, of a container that has none of its own.
const USUAL_GRACE: u64 = 10;
/// The exit code of a process that was killed: 128 and the number of SIGKILL.
const KILLED: i64 = 137;

/// Whether a container that was stopped within `took` had to be killed, and what it is.
pub(super) async fn by_stopped(
    engine: &Engine,
    name: &str,
    grace: Option<u64>,
    took: Duration,
) -> EngineResult<Option<Outcome>> {
    if grace == Some(0) || took < SHORTEST_GRACE {
        return Ok(None);
    }
    let found = unless_gone(engine.docker().inspect_container(name, None).await)?;
    Ok(found.and_then(|found| {
        let code = found.state.as_ref().and_then(|state| state.exit_code);
        outcome(&found, code, grace, took)
    }))
}

/// The same for one that was restarted. It runs again, so the engine's events tell how it ended; where they do not, nothing is
/// said.
pub(super) async fn by_restarted(engine: &Engine, name: &str, grace: Option<u64>, took: Duration) -> Option<Outcome> {
    if grace == Some(0) || took < SHORTEST_GRACE {
        return None;
    }
    let found = engine.docker().inspect_container(name, None).await.ok()?;
    outcome(&found, Some(KILLED), grace, took)?;
    let started = Timestamp::parse(found.state.as_ref()?.started_at.as_deref()?)?;
    let before = i64::try_from((took + SHORTEST_GRACE).as_nanos()).unwrap_or(i64::MAX);
    let filters = HashMap::from([
        ("event".to_owned(), vec!["die".to_owned()]),
        ("container".to_owned(), vec![found.id.clone()?]),
    ]);
    let since = Timestamp(started.0.saturating_sub(before));
    let deaths: Vec<EngineEvent> =
        read_events(engine, &filters, Some(since), Some(started)).try_collect().await.ok()?;
    let code = deaths.last()?.attributes.get("exitCode")?.parse().ok();
    outcome(&found, code, grace, took)
}

/// What a container that was killed after its grace period says about itself.
fn outcome(found: &ContainerInspectResponse, code: Option<i64>, grace: Option<u64>, took: Duration) -> Option<Outcome> {
    let config = found.config.as_ref();
    let own = config.and_then(|config| config.stop_timeout).and_then(|seconds| u64::try_from(seconds).ok());
    // Podman says 0 of a container that has none.
    let seconds = grace.or(own.filter(|seconds| *seconds > 0)).unwrap_or(USUAL_GRACE);
    // The engine's clock and ours need not agree about the last moment.
    if code != Some(KILLED) || took + SHORTEST_GRACE / 2 < Duration::from_secs(seconds) {
        return None;
    }
    let words = found.path.iter().chain(found.args.iter().flatten());
    let signal = config.and_then(|config| config.stop_signal.clone()).filter(|signal| !signal.is_empty());
    let signal = signal.unwrap_or_else(|| "SIGTERM".to_owned());
    Some(Outcome::IgnoredSignal {
        process: words.cloned().collect::<Vec<_>>().join(" "),
        // Podman says its number.
        signal: if signal.bytes().all(|byte| byte.is_ascii_digit()) { format!("signal {signal}") } else { signal },
        seconds,
        has_init: found.host_config.as_ref().and_then(|host| host.init).unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(config: Value, code: i64, grace: Option<u64>, took: f64) -> Option<Outcome> {
        let found = json!({
            "Path": "sh", "Args": ["-c", "sleep 600"], "Config": config, "HostConfig": { "Init": true }
        });
        outcome(&serde_json::from_value(found).unwrap(), Some(code), grace, Duration::from_secs_f64(took))
    }

    fn ignored(signal: &str, seconds: u64) -> Option<Outcome> {
        let process = "sh -c sleep 600".to_owned();
        Some(Outcome::IgnoredSignal { process, signal: signal.into(), seconds, has_init: true })
    }

    #[test]
    fn a_container_that_was_killed_after_its_grace_period_ignored_its_signal() {
        let config = || json!({ "StopTimeout": 3, "StopSignal": "SIGUSR1" });
        assert_eq!(told(config(), 137, None, 3.1), ignored("SIGUSR1", 3));
        assert_eq!(told(config(), 137, Some(2), 2.1), ignored("SIGUSR1", 2));
        assert_eq!(told(config(), 137, None, 1.5), None, "somebody else killed it");
        assert_eq!(told(config(), 0, None, 3.1), None, "it ended by itself");
    }

    #[test]
    fn podman_says_no_grace_period_and_the_number_of_the_signal() {
        let config = || json!({ "StopTimeout": 0, "StopSignal": "15" });
        assert_eq!(told(config(), 137, None, 10.1), ignored("signal 15", 10));
        assert_eq!(told(config(), 137, None, 1.5), None);
    }
}
