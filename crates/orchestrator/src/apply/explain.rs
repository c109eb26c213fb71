//! Explains refusals of the engine: which process holds the port, what the last probe said, the last log lines.

use std::net::IpAddr;

use futures_util::StreamExt;
use wharf_docker::container::ContainerState;
use wharf_docker::logs::{self, Range};
use wharf_docker::{ErrorKind, StartError, port_holder};
use wharf_plan::{Detail, StepFailure};

use super::context::{Context, failure};
use super::places;
use crate::plan::{NamedService, Step};

/// Log lines that explain a failure.
const LOG_LINES: u64 = 20;

/// A refusal in the engine's own words.
pub(super) fn engine(step: &Step, error: bollard::errors::Error) -> StepFailure {
    refused(step, &wharf_docker::Error::from(error))
}

fn refused(step: &Step, error: &wharf_docker::Error) -> StepFailure {
    let message = error.engine_message();
    let help = match error.kind() {
        ErrorKind::NameTaken if matches!(step, Step::Container(_)) => {
            Some("remove that container (`docker rm`), or give this one another name")
        }
        _ => error.help(),
    };
    let help = help.map(str::to_owned);
    StepFailure { help, ..failure(step, format!("cannot {step}: {message}")) }
}

/// A container that cannot be created.
pub(super) fn create(
    context: &Context<'_>,
    step: &Step,
    service: &NamedService,
    error: bollard::errors::Error,
) -> StepFailure {
    let error = wharf_docker::Error::from(error);
    let place = error.start_error().and_then(|why| places::of(context.project, service, &why));
    StepFailure { place, ..refused(step, &error) }
}

/// A container that cannot be started.
pub(super) async fn start(
    context: &Context<'_>,
    step: &Step,
    name: &str,
    error: bollard::errors::Error,
) -> StepFailure {
    let kind = ErrorKind::of(&error);
    let error = wharf_docker::Error::from(error);
    let mut failure = refused(step, &error);
    if let (Some(why), Some(service)) = (error.start_error(), places::service_of(context.project, name)) {
        failure.place = places::of(context.project, &service, &why);
    }
    if kind != ErrorKind::PortTaken {
        return failure;
    }
    for (ip, port, protocol) in asked_ports(context, name).await {
        let address: Option<IpAddr> = ip.as_deref().and_then(|ip| ip.parse().ok());
        if let Some(holder) = port_holder(context.engine.endpoint(), address, port, &protocol).await {
            failure.message = format!("cannot {step}: host port {port}/{protocol} is taken by {holder}");
            failure.help = Some(format!("stop that process, or publish another host port than {port}"));
            return failure;
        }
    }
    failure.help = Some("stop what holds the port, or publish another one".to_owned());
    failure
}

async fn asked_ports(context: &Context<'_>, name: &str) -> Vec<(Option<String>, u16, String)> {
    let Ok(inspected) = context.engine.docker().inspect_container(name, None).await else { return Vec::new() };
    let bindings = inspected.host_config.and_then(|config| config.port_bindings).unwrap_or_default();
    let mut ports = Vec::new();
    for (key, bindings) in bindings {
        let protocol = key.split_once('/').map_or("tcp", |(_, protocol)| protocol).to_owned();
        for binding in bindings.unwrap_or_default() {
            if let Some(port) = binding.host_port.and_then(|port| port.parse().ok()) {
                ports.push((binding.host_ip, port, protocol.clone()));
            }
        }
    }
    ports
}

/// A container that will not reach the state that was waited for.
pub(super) async fn wait(
    context: &Context<'_>,
    step: &Step,
    name: &str,
    reason: String,
    state: &ContainerState,
) -> StepFailure {
    let lines = last_lines(context, name).await;
    let mut failure = failure(step, if reason.starts_with(name) { reason } else { format!("{name} {reason}") });
    if let Some(service) = places::service_of(context.project, name) {
        if state.oom_killed {
            (failure.place, failure.help) = places::memory(context.project, &service);
        } else if let Some(why) = told_why(state, &lines) {
            failure.message =
                format!("{}: {why}", failure.message.replace(&state.error, "").trim_end_matches([':', ' ']));
            failure.place = places::of(context.project, &service, &why);
            failure.help = Some(why.help().to_owned());
        }
    }
    let probe = state.health.as_ref().and_then(|health| health.last_probe.as_ref());
    if let Some(probe) = probe.filter(|probe| probe.exit_code != 0) {
        failure.details.push(Detail {
            title: format!("last probe of {name} (exit code {})", probe.exit_code),
            text: probe.output.trim_end().to_owned(),
        });
    }
    if !lines.is_empty() {
        failure.details.push(Detail { title: format!("last log lines of {name}"), text: lines.join("\n") });
    }
    failure
}

/// Why a container's process did not begin: the engine keeps it with the state, and the runtime writes it to the log.
fn told_why(state: &ContainerState, lines: &[String]) -> Option<StartError> {
    let told = StartError::of(&state.error).filter(|_| !state.error.is_empty());
    told.or_else(|| match lines {
        [line] if state.exit_code != 0 => {
            StartError::of(line).filter(|why| matches!(why, StartError::WrongFormat { .. }))
        }
        _ => None,
    })
}

async fn last_lines(context: &Context<'_>, name: &str) -> Vec<String> {
    let range = Range { tail: Some(LOG_LINES), ..Range::default() };
    let lines = logs::read(context.engine, name, &range);
    let lines: Vec<_> = lines.collect().await;
    lines.into_iter().flatten().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect()
}
