//! Which containers have passed their health check before the engine's own first probe.
//!
//! The engine calls a container `starting` until then, although whoever waited for it has run the check in it. The engine
//! remembers that as events of `exec`, so it is asked for them, and nothing is run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use wharf_docker::container::inspect;
use wharf_docker::event_history::read_events;
use wharf_docker::events::{EngineEvent, now};
use wharf_docker::{Engine, Timestamp};

use crate::error::Error;
use crate::observe::{Container, Health, State};

/// A container that the engine calls starting.
struct Starting {
    started: Timestamp,
    /// Its check, as events write it.
    command: String,
}

/// Calls those of the containers healthy that the engine calls starting, and in which the last run of their health check has
/// succeeded. An engine remembers its last 256 events: where the run is not among them, the engine's word stands.
///
/// # Errors
/// If a request to the engine fails.
pub async fn believe_probes(engine: &Engine, containers: &mut [Container]) -> Result<(), Error> {
    let is_starting = |found: &&Container| found.state == State::Running && found.health == Some(Health::Starting);
    let ids: Vec<String> = containers.iter().filter(is_starting).map(|found| found.id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let look = async |id: &String| {
        let found = inspect(engine, id).await?;
        let starting = found.and_then(|found| {
            let command = found.health_check?.command.join(" ");
            Some((found.id, Starting { started: found.state.started?, command }))
        });
        Ok::<_, Error>(starting)
    };
    let (until, starting) = tokio::join!(now(engine), try_join_all(ids.iter().map(look)));
    let starting: BTreeMap<String, Starting> = starting?.into_iter().flatten().collect();
    let Some(since) = starting.values().map(|starting| starting.started).min() else { return Ok(()) };
    let filters = HashMap::from([
        ("type".to_owned(), vec!["container".to_owned()]),
        ("event".to_owned(), vec!["exec_start".to_owned(), "exec_die".to_owned()]),
        ("container".to_owned(), starting.keys().cloned().collect()),
    ]);
    let events: Vec<EngineEvent> = read_events(engine, &filters, Some(since), Some(until?)).try_collect().await?;
    let healthy = passed(&starting, &events);
    for container in containers.iter_mut().filter(|container| healthy.contains(container.id.as_str())) {
        container.health = Some(Health::Healthy);
        container.status = container.status.replace("(health: starting)", "(healthy)");
    }
    Ok(())
}

/// Those whose last run of the check that has ended has succeeded.
fn passed<'a>(starting: &'a BTreeMap<String, Starting>, events: &[EngineEvent]) -> BTreeSet<&'a str> {
    let attribute = |event: &EngineEvent, key: &str| event.attributes.get(key).cloned().unwrap_or_default();
    let mut runs = BTreeSet::new();
    let mut passed = BTreeSet::new();
    for event in events {
        let Some((id, check)) = starting.get_key_value(&event.id) else { continue };
        let run = attribute(event, "execID");
        if event.time < check.started {
            continue;
        }
        match event.action.strip_prefix("exec_start: ") {
            Some(command) if command.trim_end() == check.command.trim_end() => {
                runs.insert(run);
            }
            None if runs.contains(&run) => match attribute(event, "exitCode").as_str() {
                "0" => drop(passed.insert(id.as_str())),
                _ => drop(passed.remove(id.as_str())),
            },
            _ => {}
        }
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: i64 = 100;

    fn event(time: i64, action: &str, attributes: &[(&str, &str)]) -> EngineEvent {
        let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        EngineEvent {
            time: Timestamp(time),
            action: action.to_owned(),
            id: "db".to_owned(),
            attributes,
            ..Default::default()
        }
    }

    fn run(time: i64, command: &str, exec: &str, exit_code: &str) -> [EngineEvent; 2] {
        [
            event(time, &format!("exec_start: {command}"), &[("execID", exec)]),
            event(time + 1, "exec_die", &[("execID", exec), ("exitCode", exit_code)]),
        ]
    }

    fn is_healthy(runs: &[[EngineEvent; 2]]) -> bool {
        let check = Starting { started: Timestamp(STARTED), command: "pg_isready -q".to_owned() };
        !passed(&BTreeMap::from([("db".to_owned(), check)]), &runs.concat()).is_empty()
    }

    #[test]
    fn the_last_run_of_the_check_counts() {
        assert!(!is_healthy(&[]));
        assert!(is_healthy(&[run(101, "pg_isready -q", "a", "1"), run(103, "pg_isready -q ", "b", "0")]));
        assert!(!is_healthy(&[run(101, "pg_isready -q", "a", "0"), run(103, "pg_isready -q", "b", "1")]));
    }

    #[test]
    fn other_commands_and_earlier_runs_of_the_container_do_not_count() {
        assert!(!is_healthy(&[run(101, "pg_isready", "a", "0")]));
        assert!(!is_healthy(&[run(90, "pg_isready -q", "a", "0")]));
        let (started, ended) = (run(101, "pg_isready -q", "a", "0"), run(101, "other", "b", "0"));
        assert!(!is_healthy(&[[started[0].clone(), ended[1].clone()]]));
    }
}
