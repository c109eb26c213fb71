//! The body of `POST /containers/create`: for a replica, and for a container that runs before it.

use std::collections::HashMap;

use bollard::models as api;
use wharf_compose::model::{Condition, Duration, Healthcheck, Hook, Mapping};
use wharf_docker::{ApiVersion, labels};

use super::docker_compose_hash::docker_compose_hash;
use super::hash::service_hash;
use super::host::host_config;
use super::networks::{first_network, network_mode};
use super::ports::ports;
use super::replica::Replica;

/// The oldest API with a probe interval of its own for the start period.
const START_INTERVAL_SINCE: ApiVersion = ApiVersion { major: 1, minor: 44 };

/// The body of the create call.
pub(crate) fn create_body(replica: &Replica<'_>, version: ApiVersion) -> api::ContainerCreateBody {
    let service = replica.service;
    let (exposed, bindings) = ports(service);
    api::ContainerCreateBody {
        hostname: service.hostname.clone(),
        domainname: service.domainname.clone(),
        user: service.user.clone(),
        tty: Some(service.tty),
        open_stdin: Some(service.stdin_open),
        exposed_ports: Some(exposed),
        env: Some(variables(&service.environment).collect()),
        cmd: service.command.clone(),
        entrypoint: service.entrypoint.clone().map(|words| if words.is_empty() { vec![String::new()] } else { words }),
        healthcheck: service.healthcheck.as_ref().map(|check| healthcheck(check, version)),
        image: Some(replica.project.image_of(replica.name, service)),
        working_dir: service.working_dir.clone(),
        labels: Some(container_labels(replica)),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period.map(|period| period.0.as_secs_f64().ceil() as i64),
        host_config: Some(host_config(replica, bindings, version)),
        networking_config: first_network(replica),
        ..Default::default()
    }
}

/// The body of the create call for a container that runs before `target`, a replica, starts: with its volumes, in its
/// networks but not under its name.
pub(crate) fn init_body(replica: &Replica<'_>, hook: &Hook, target: &str) -> api::ContainerCreateBody {
    // Where it is set, `per_replica` is refused.
    let Hook { command, image, user, privileged, working_dir, environment, per_replica: _ } = hook;
    let own = [
        (labels::PROJECT, replica.project.name.as_str()),
        (labels::SERVICE, replica.name),
        (labels::HOOK, "pre_start"),
        (labels::VERSION, env!("CARGO_PKG_VERSION")),
    ];
    api::ContainerCreateBody {
        image: Some(
            image.clone().map_or_else(|| replica.project.image_of(replica.name, replica.service), String::from),
        ),
        cmd: command.clone(),
        user: user.clone(),
        working_dir: working_dir.clone(),
        env: Some(variables(&replica.service.environment).chain(variables(environment)).collect()),
        labels: Some(own.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(api::HostConfig {
            volumes_from: Some(vec![target.to_owned()]),
            privileged: Some(*privileged),
            network_mode: Some(network_mode(replica)),
            ..Default::default()
        }),
        networking_config: first_network(replica),
        ..Default::default()
    }
}

/// `KEY=value`; `KEY` alone takes a variable of the image away.
pub(crate) fn variables(variables: &Mapping) -> impl Iterator<Item = String> + '_ {
    variables.iter().map(|(key, value)| match value {
        Some(value) => format!("{key}={value}"),
        None => key.clone(),
    })
}

fn container_labels(replica: &Replica<'_>) -> HashMap<String, String> {
    let project = replica.project;
    let files: Vec<_> = project.files.iter().map(|file| file.display().to_string()).collect();
    let dependencies: Vec<_> = replica
        .service
        .depends_on
        .iter()
        .map(|(name, dependency)| format!("{name}:{}:{}", condition(dependency.condition), dependency.restart))
        .collect();
    let own = [
        (labels::PROJECT, project.name.clone()),
        (labels::SERVICE, replica.name.to_owned()),
        (labels::NUMBER, replica.number.to_string()),
        (labels::ONE_OFF, "False".to_owned()),
        (labels::CONFIG_HASH, docker_compose_hash(&replica.owners.resolved(replica.service))),
        (labels::OWN_HASH, service_hash(project, replica.service)),
        (labels::IMAGE, replica.image_id.unwrap_or_default().to_owned()),
        (labels::DEPENDS_ON, dependencies.join(",")),
        (labels::CONFIG_FILES, files.join(",")),
        (labels::WORKING_DIR, project.working_dir.display().to_string()),
        (labels::VERSION, env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut all: HashMap<String, String> =
        replica.service.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    all.extend(own.map(|(key, value)| (key.to_owned(), value)));
    if replica.replaces {
        let usual = || format!("{}{}{}", replica.name, project.separator(), replica.number);
        all.insert(labels::REPLACES.to_owned(), replica.service.container_name.clone().unwrap_or_else(usual));
    }
    all
}

fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Started => "service_started",
        Condition::Healthy => "service_healthy",
        Condition::CompletedSuccessfully => "service_completed_successfully",
    }
}

fn healthcheck(check: &Healthcheck, version: ApiVersion) -> api::HealthConfig {
    let Healthcheck { test, timeout, interval, retries, start_period, start_interval, disable } = check;
    let nanos =
        |duration: &Option<Duration>| duration.map(|duration| i64::try_from(duration.0.as_nanos()).unwrap_or(i64::MAX));
    let test = if *disable { vec!["NONE".to_owned()] } else { test.clone() };
    api::HealthConfig {
        test: (!test.is_empty()).then_some(test),
        interval: nanos(interval),
        timeout: nanos(timeout),
        retries: retries.map(i64::from),
        start_period: nanos(start_period),
        start_interval: nanos(start_interval).filter(|_| version >= START_INTERVAL_SINCE),
    }
}
