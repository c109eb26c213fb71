//! Checks for common problems. Each finding says how to fix it.

mod builds;
mod kind;
mod registries;

use std::net::IpAddr;

use serde::Serialize;
use wharf_compose::Project;
use wharf_compose::model::PortRange;
use wharf_docker::models::SystemInfo;
use wharf_docker::{ApiVersion, Engine, port_holder};

use crate::namesake::{Namesake, namesake};
use crate::observe::observe;
use crate::plan::{self, UpOptions};
use crate::{Error, Observed};

/// With less free space than this, in bytes, builds and pulls are likely to fail.
const LITTLE_SPACE: u64 = 2 << 30;
/// The oldest API version of engines that are still maintained (Docker 25).
const MAINTAINED: ApiVersion = ApiVersion { major: 1, minor: 44 };

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, with a catch.
    Warning,
    /// It will not work.
    Failure,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was checked: `engine`, `disk`, `ports` ...
    pub subject: String,
    /// What was found.
    pub message: String,
    /// How to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(subject: &str, message: impl Into<String>) -> Self {
        Finding { grade: Grade::Ok, subject: subject.to_owned(), message: message.into(), help: None }
    }

    /// It works, with a catch.
    pub fn warning(subject: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        Finding { grade: Grade::Warning, subject: subject.to_owned(), message: message.into(), help }
    }

    /// It will not work.
    pub fn failure(subject: &str, message: impl Into<String>, help: Option<String>) -> Self {
        Finding { grade: Grade::Failure, subject: subject.to_owned(), message: message.into(), help }
    }
}

/// Checks an engine that answers, and what a project needs if there is one.
///
/// # Errors
/// If a request to the engine fails.
pub async fn examine(engine: &Engine, project: Option<&Project>) -> Result<Vec<Finding>, Error> {
    let info = engine.info().await?;
    let mut findings = match kind::other_than_docker(engine).await {
        Some(name) => vec![kind::other(&name, &info, engine.api_version())],
        None => vec![version(&info, engine.api_version())],
    };
    findings.extend(kind::rootless(engine, &info));
    findings.push(cgroups(&info));
    findings.extend(logging(&info));
    findings.extend(space(engine, &info));
    if let Some(project) = project {
        let observed = observe(engine, project).await?;
        findings.extend(feasible(project, &observed));
        findings.extend(held_ports(engine, project, &observed).await);
        findings.extend(shared_name(project, &observed));
        if engine.is_docker() {
            findings.extend(builds::builds(&info, project));
        }
        findings.extend(registries::registries(engine, project, &observed).await);
    }
    Ok(findings)
}

fn version(info: &SystemInfo, api: ApiVersion) -> Finding {
    let found = format!("Docker Engine {}, API {api}", info.server_version.as_deref().unwrap_or("of unknown version"));
    if api < MAINTAINED {
        return Finding::warning(
            "engine",
            found,
            "it works, but its makers no longer provide security updates (your distribution may)",
        );
    }
    Finding::ok("engine", found)
}

fn cgroups(info: &SystemInfo) -> Finding {
    let version = info.cgroup_version.map(|version| version.to_string()).unwrap_or_default();
    let limits = [
        ("memory limits", info.memory_limit),
        ("swap limits", info.swap_limit),
        ("CPU quotas", info.cpu_cfs_quota),
        ("pids limits", info.pids_limit),
    ];
    let missing: Vec<&str> = limits.iter().filter(|(_, there)| *there == Some(false)).map(|(name, _)| *name).collect();
    let seen = format!("version {version}");
    match missing.is_empty() {
        true => Finding::ok("cgroups", seen),
        false => Finding::warning(
            "cgroups",
            format!("{seen}, without {}", missing.join(", ")),
            "limits of these kinds have no effect; boot with `cgroup_enable=memory swapaccount=1`, or use cgroup v2",
        ),
    }
}

/// `None`: the engine does not tell its default driver.
fn logging(info: &SystemInfo) -> Option<Finding> {
    let driver = info.logging_driver.as_deref().unwrap_or("none");
    Some(match driver {
        "" => return None,
        "json-file" | "local" | "journald" => Finding::ok("logging", format!("driver {driver}: logs can be read back")),
        _ => Finding::warning(
            "logging",
            format!("driver {driver}: `wharf logs` may have nothing to show"),
            "use json-file, local or journald in /etc/docker/daemon.json, or `logging:` in the service",
        ),
    })
}

/// Free space in bytes where the engine keeps its data, if that is on this machine.
fn space(engine: &Engine, info: &SystemInfo) -> Option<Finding> {
    let root = info.docker_root_dir.as_deref().filter(|_| engine.endpoint().is_local())?;
    let stat = rustix::fs::statvfs(root).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let seen = format!("{:.1} GiB free in {root}", free as f64 / (1u64 << 30) as f64);
    Some(match free < LITTLE_SPACE {
        true => Finding::warning(
            "disk",
            seen,
            "`docker system df` shows what uses the space; `docker image prune` frees some",
        ),
        false => Finding::ok("disk", seen),
    })
}

/// Checks for what `up` would refuse.
fn feasible(project: &Project, observed: &Observed) -> Vec<Finding> {
    let subject = format!("project {}", project.name);
    match plan::up(project, observed, &UpOptions::default()) {
        Ok(plan) => {
            let mut findings: Vec<Finding> = plan
                .warnings()
                .iter()
                .map(|warning| Finding::warning(&subject, warning.message.clone(), "see the message"))
                .collect();
            if findings.is_empty() {
                let count = match project.services.len() {
                    1 => "1 service".to_owned(),
                    count => format!("{count} services"),
                };
                findings.push(Finding::ok(&subject, format!("{count}, and `up` would accept it")));
            }
            findings
        }
        Err(Error::Refused(problems)) => {
            problems.into_iter().map(|problem| Finding::failure(&subject, problem.message, problem.help)).collect()
        }
        Err(other) => vec![Finding::failure(&subject, other.to_string(), None)],
    }
}

/// Checks for a project of the same name in another directory.
fn shared_name(project: &Project, observed: &Observed) -> Option<Finding> {
    let Namesake { directory, container } = namesake(project, &observed.containers)?;
    let (name, directory) = (&project.name, directory.display());
    Some(Finding::warning(
        &format!("project {name}"),
        format!("the project {name} of {directory} has the same name, and containers ({container})"),
        "give one of them another name: `name:` in its file, or -p NAME",
    ))
}

/// Checks for host ports that the project needs and that a process outside all containers holds.
async fn held_ports(engine: &Engine, project: &Project, observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Another project's container has already been reported.
    let known = |port: u16| {
        observed.containers.iter().flat_map(|container| &container.ports).any(|held| held.published == Some(port))
            || observed.foreign_ports.iter().any(|held| held.port == port)
    };
    let wanted = project.services.iter().flat_map(|(name, service)| service.ports.iter().map(move |port| (name, port)));
    for (service, port) in wanted {
        let Some(number) = port.published.and_then(PortRange::fixed).filter(|number| !known(*number)) else {
            continue;
        };
        let address: Option<IpAddr> = port.host_ip.as_deref().and_then(|ip| ip.parse().ok());
        let protocol = port.protocol.as_str();
        if let Some(holder) = port_holder(engine.endpoint(), address, number, protocol).await {
            let message = format!("service {service} wants host port {number}/{protocol}, which is held by {holder}");
            let help = format!("stop that process, or publish another host port than {number}");
            findings.push(Finding::failure("ports", message, Some(help)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_docker::models::SystemInfoCgroupVersionEnum;

    fn info() -> SystemInfo {
        SystemInfo {
            server_version: Some("20.10.24".into()),
            cgroup_version: Some(SystemInfoCgroupVersionEnum::_2),
            memory_limit: Some(true),
            swap_limit: Some(true),
            logging_driver: Some("json-file".into()),
            ..SystemInfo::default()
        }
    }

    fn text(finding: &Finding) -> String {
        format!(
            "{:?} {}: {}\n{}",
            finding.grade,
            finding.subject,
            finding.message,
            finding.help.as_deref().unwrap_or("")
        )
    }

    #[test]
    fn an_old_engine_works_with_a_catch() {
        insta::assert_snapshot!(text(&version(&info(), ApiVersion { major: 1, minor: 41 })), @r#"
        Warning engine: Docker Engine 20.10.24, API 1.41
        it works, but its makers no longer provide security updates (your distribution may)
        "#);
        assert_eq!(version(&info(), MAINTAINED).grade, Grade::Ok);
    }

    #[test]
    fn limits_and_logs_that_do_not_work_are_named() {
        assert_eq!((cgroups(&info()).grade, logging(&info()).unwrap().grade), (Grade::Ok, Grade::Ok));
        let poor = SystemInfo {
            memory_limit: Some(false),
            swap_limit: Some(false),
            logging_driver: Some("syslog".into()),
            ..info()
        };
        insta::assert_snapshot!(text(&cgroups(&poor)), @r#"
        Warning cgroups: version 2, without memory limits, swap limits
        limits of these kinds have no effect; boot with `cgroup_enable=memory swapaccount=1`, or use cgroup v2
        "#);
        insta::assert_snapshot!(text(&logging(&poor).unwrap()), @r#"
        Warning logging: driver syslog: `wharf logs` may have nothing to show
        use json-file, local or journald in /etc/docker/daemon.json, or `logging:` in the service
        "#);
    }

    #[test]
    fn what_up_refuses_is_found() {
        let project = Project { name: "shop".into(), ..Project::default() };
        insta::assert_snapshot!(text(&feasible(&project, &Observed::default())[0]), @"Ok project shop: 0 services, and `up` would accept it");
    }
}
