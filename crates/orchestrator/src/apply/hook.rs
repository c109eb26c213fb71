//! Hooks: commands in a container that runs (`post_start`, `pre_stop`), and containers that run before it (`pre_start`).

use std::collections::{HashMap, VecDeque};

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models as api;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use futures_util::{Stream, StreamExt};
use wharf_compose::model::{Hook, Service};
use wharf_docker::{ErrorKind, labels, names::short_id};

use super::stop::Stop;
use super::{Site, explain};
use crate::plan::{Moment, Step};
use crate::request::{Replica, further_networks, init_body, variables};
use crate::{Detail, Progress, StepFailure, one_off};

/// Lines of output that explain a failed hook.
const LAST_LINES: usize = 20;
/// The longest line of output that is passed on, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// Runs one of a service's commands in a container.
pub(super) async fn command(
    site: &Site<'_>,
    number: usize,
    step: &Step,
    (service, moment, index): (&str, Moment, usize),
    container: &str,
) -> Result<Option<String>, Stop> {
    let hook = site.project.services.get(service).and_then(|service| moment.hooks(service).get(index));
    let Some(hook) = hook else { return Ok(None) };
    let docker = site.engine.docker();
    let config = api::ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: hook.command.clone(),
        env: Some(variables(&hook.environment).collect()),
        privileged: Some(hook.privileged),
        user: hook.user.clone(),
        working_dir: hook.working_dir.clone(),
        ..Default::default()
    };
    let created = match docker.create_exec(container, config).await {
        Ok(created) => created,
        // There is nothing left to prepare for its end.
        Err(error) if moment == Moment::PreStop && is_gone(&error) => return Ok(Some("Not running".to_owned())),
        Err(error) => return Err(explain::engine(step, error).into()),
    };
    let options = StartExecOptions { detach: false, tty: false, output_capacity: None };
    let started = docker.start_exec(&created.id, Some(options)).await;
    let started = started.map_err(|error| explain::engine(step, error))?;
    let mut last = VecDeque::new();
    if let StartExecResults::Attached { output, .. } = started {
        last = tokio::select! {
            last = relay(site, (number, step, service), output) => last,
            () = site.give_up.cancelled() => return Err(Stop::GivenUp),
        };
    }
    let ended = docker.inspect_exec(&created.id).await.map_err(|error| explain::engine(step, error))?;
    match ended.exit_code.unwrap_or(0) {
        0 => Ok(None),
        code => {
            let message =
                format!("{container}: {service} hook exited with status {code} ({}[{index}])", moment.as_str());
            Err(failure(step, message, last).into())
        }
    }
}

fn is_gone(error: &bollard::errors::Error) -> bool {
    use ErrorKind::{Gone, NotRunning, Paused, RemovalInProgress};
    matches!(ErrorKind::of(error), Gone | NotRunning | Paused | RemovalInProgress)
}

/// Runs one of a service's `pre_start` containers to its end: in the service's networks, with the volumes of `target`.
/// One that fails stays, so that it can be looked at; the next run removes it.
pub(super) async fn init_container(
    site: &Site<'_>,
    number: usize,
    step: &Step,
    (service_name, index): (&str, usize),
    target: &str,
) -> Result<Option<String>, Stop> {
    let Some((service, hook)) = site.project.services.get(service_name).and_then(|service| {
        let hook = service.pre_start.get(index)?;
        Some((service, hook))
    }) else {
        return Ok(None);
    };
    let failed = |error| explain::engine(step, error);
    if index == 0 {
        remove_left_over(site, service_name).await.map_err(failed)?;
    }
    let id = create(site, service_name, service, hook, target).await.map_err(failed)?;
    let run = async {
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let attached = site.engine.docker().attach_container(&id, Some(options)).await?;
        site.engine.docker().start_container(&id, None).await?;
        let last = relay(site, (number, step, service_name), attached.output).await;
        Ok((last, one_off::exit_code(site.engine, &id).await))
    };
    let result = tokio::select! {
        result = run => result,
        () = site.give_up.cancelled() => {
            one_off::remove(site.engine, &id).await;
            return Err(Stop::GivenUp);
        }
    };
    let (last, code) = match result {
        Ok((last, Ok(code))) => (last, code),
        Ok((_, Err(error))) => return Err(failure(step, format!("cannot {step}: {error}"), VecDeque::new()).into()),
        Err(error) => {
            one_off::remove(site.engine, &id).await;
            return Err(failed(error).into());
        }
    };
    if code == 0 {
        one_off::remove(site.engine, &id).await;
        return Ok(None);
    }
    let short = short_id(&id);
    let message = format!("service {service_name}: pre_start[{index}] exited with code {code}");
    let mut failure = failure(step, message, last);
    failure.help =
        Some(format!("its container is kept until the next run: `docker logs {short}`, `docker inspect {short}`"));
    Err(failure.into())
}

/// What an earlier run that failed has left.
async fn remove_left_over(site: &Site<'_>, service: &str) -> Result<(), bollard::errors::Error> {
    let wanted = [
        labels::selector(labels::PROJECT, &site.project.name),
        labels::selector(labels::SERVICE, service),
        labels::selector(labels::HOOK, "pre_start"),
    ];
    let filters = HashMap::from([("label", wanted.to_vec())]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    for left in site.engine.docker().list_containers(Some(options)).await? {
        one_off::remove(site.engine, &left.id.unwrap_or_default()).await;
    }
    Ok(())
}

async fn create(
    site: &Site<'_>,
    service_name: &str,
    service: &Service,
    hook: &Hook,
    target: &str,
) -> Result<String, bollard::errors::Error> {
    let docker = site.engine.docker();
    let replica =
        Replica { project: site.project, name: service_name, service, number: 0, image_id: None, inherited: &[] };
    let body = init_body(&replica, hook, target);
    let id = docker.create_container(None::<CreateContainerOptions>, body).await?.id;
    for (network, mut endpoint) in further_networks(&replica) {
        endpoint.aliases = None;
        endpoint.mac_address = None;
        endpoint.ipam_config = None;
        let request = api::NetworkConnectRequest { container: id.clone(), endpoint_config: Some(endpoint) };
        if let Err(error) = docker.connect_network(&network, request).await {
            let options = RemoveContainerOptionsBuilder::default().v(true).force(true).build();
            let _gone = docker.remove_container(&id, Some(options)).await;
            return Err(error);
        }
    }
    Ok(id)
}

/// Reports each line until the output ends; gives the last ones.
async fn relay(
    site: &Site<'_>,
    (number, step, service): (usize, &Step, &str),
    output: impl Stream<Item = Result<LogOutput, bollard::errors::Error>>,
) -> VecDeque<String> {
    let mut output = std::pin::pin!(output);
    let mut lines = Lines::default();
    let report =
        |line: &str| site.report(number, step, Progress::Hook { service: service.to_owned(), text: line.to_owned() });
    while let Some(Ok(part)) = output.next().await {
        lines.take(&part.into_bytes(), report);
    }
    lines.end(report);
    lines.last
}

/// Cuts output into lines and keeps the last ones.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    last: VecDeque<String>,
}

impl Lines {
    fn take(&mut self, mut bytes: &[u8], mut give: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.append(&bytes[..end]);
            self.end(&mut give);
            bytes = &bytes[end + 1..];
        }
        self.append(bytes);
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end(&mut self, mut give: impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.partial).trim_end_matches('\r').to_owned();
        self.partial.clear();
        if line.trim().is_empty() {
            return;
        }
        give(&line);
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

fn failure(step: &Step, message: String, last: VecDeque<String>) -> StepFailure {
    let details = match last.is_empty() {
        true => Vec::new(),
        false => vec![Detail { title: "last lines of the hook".to_owned(), text: Vec::from(last).join("\n") }],
    };
    StepFailure { step: step.to_string(), message, help: None, details }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_lines_and_only_the_last_are_kept() {
        let mut lines = Lines::default();
        let mut given = Vec::new();
        lines.take(b"one\r\ntw", |line| given.push(line.to_owned()));
        lines.take(b"o\n\n", |line| given.push(line.to_owned()));
        lines.take(&vec![b'x'; 3 * LONGEST_LINE], |line| given.push(line.to_owned()));
        lines.end(|line| given.push(line.to_owned()));
        assert_eq!(given[..2], ["one", "two"]);
        assert_eq!(given[2].len(), LONGEST_LINE);
        for number in 0..100 {
            lines.take(format!("{number}\n").as_bytes(), |_| {});
        }
        assert_eq!(lines.last.len(), LAST_LINES);
        assert_eq!(lines.last.back().map(String::as_str), Some("99"));
    }
}
