//! What cannot work is refused before anything is touched.

use std::collections::{BTreeMap, BTreeSet};

use wharf_compose::Project;
use wharf_compose::model::{Port, PortRange, Protocol, Service};

use super::order::in_order;
use super::unsupported;
use crate::observe::Published;
use crate::own_keys;
use crate::{Observed, Problem};

/// Looks for what the engine would refuse halfway. `replicas` are the requested numbers.
pub(super) fn problems(
    project: &Project,
    observed: &Observed,
    chosen: &BTreeSet<String>,
    replicas: &BTreeMap<String, u32>,
) -> Vec<Problem> {
    let mut problems = own_keys::problems(&project.places, "", &project.extensions);
    let mut taken: Vec<(String, PortUse)> = Vec::new();
    for (name, service) in in_order(project, chosen) {
        let count = replicas.get(name).copied().unwrap_or_else(|| service.replicas());
        problems.extend(unsupported::problems(project, name, service));
        problems.extend(own_keys::problems(&project.places, &format!("services.{name}"), &service.extensions));
        // It has no containers.
        if service.provider.is_some() {
            continue;
        }
        if let Some(problem) = too_many(project, name, service, count) {
            problems.push(problem);
            continue;
        }
        problems.extend(restart_policy(project, name, service));
        problems.extend(fixed_name(project, name, service, count));
        for (index, port) in service.ports.iter().enumerate() {
            let path = format!("services.{name}.ports[{index}]");
            let place = project.places.get(&path).cloned();
            let Some(wanted) = PortUse::of(port) else { continue };
            let problem = too_few_ports(name, &wanted, count)
                .or_else(|| shared_port(name, &wanted, &taken))
                .or_else(|| foreign_port(name, &wanted, count, observed));
            if let Some((message, help)) = problem {
                problems.push(Problem { message, place, help: Some(help) });
            }
            taken.push((name.to_owned(), wanted));
        }
        problems.extend(unwritable_files(project, name, service));
        problems.extend(absent_owners(project, observed, chosen, name, service));
        problems.extend(missing_externals(project, name, service, observed));
    }
    problems
}

/// Most replicas of a service. One engine does not run so many, and each is planned by itself.
const MOST_REPLICAS: u32 = 10_000;

fn too_many(project: &Project, name: &str, service: &Service, count: u32) -> Option<Problem> {
    let key = if service.scale.is_some() { "scale" } else { "deploy.replicas" };
    let place = || project.places.get(&format!("services.{name}.{key}")).filter(|_| count == service.replicas());
    (count > MOST_REPLICAS).then(|| Problem {
        message: format!("service {name}: {count} replicas are more than wharf plans, {MOST_REPLICAS}"),
        place: place().cloned(),
        help: Some("ask for fewer replicas (`scale`, `deploy.replicas`, --scale)".to_owned()),
    })
}

fn restart_policy(project: &Project, name: &str, service: &Service) -> Option<Problem> {
    let policy = service.restart.as_ref().filter(|policy| policy.meant().is_none())?;
    Some(Problem {
        message: format!("service {name}: `{policy}` is not a restart policy"),
        place: project.places.get(&format!("services.{name}.restart")).cloned(),
        help: Some("the policies are `no`, `always`, `unless-stopped`, `on-failure` and `on-failure:3`".to_owned()),
    })
}

fn fixed_name(project: &Project, name: &str, service: &Service, count: u32) -> Option<Problem> {
    let fixed = service.container_name.as_ref().filter(|_| count > 1)?;
    Some(Problem {
        message: format!("service {name}: {count} replicas cannot share the container name {fixed:?}"),
        place: project.places.get(&format!("services.{name}.container_name")).cloned(),
        help: Some(format!(
            "remove container_name (replicas are then named {}-{name}-1, -2, ...), or run one replica",
            project.name
        )),
    })
}

/// A host port, or a range of them, that a service asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PortUse {
    ip: Option<String>,
    ports: PortRange,
    protocol: Protocol,
}

impl PortUse {
    /// `None` for a port that the engine chooses.
    pub(super) fn of(port: &Port) -> Option<PortUse> {
        let ports = port.published.filter(|ports| ports.first() != 0)?;
        Some(PortUse { ip: port.host_ip.clone(), ports, protocol: port.protocol.clone() })
    }

    /// Whether a container holds this port. Within ranges the engine looks for a free port by itself.
    pub(super) fn is_held_by(&self, port: &Published) -> bool {
        self.ports.fixed().is_some_and(|number| port.published == Some(number))
            && port.protocol == self.protocol.as_str()
            && same_address(&port.ip, &self.ip)
    }

    fn meets(&self, other: &PortUse) -> bool {
        // Within ranges the engine looks for a free port by itself.
        let fixed = self.ports.is_single() && self.ports == other.ports;
        fixed && self.protocol == other.protocol && same_address(&self.ip, &other.ip)
    }
}

fn same_address(a: &Option<String>, b: &Option<String>) -> bool {
    let any = |ip: &Option<String>| ip.as_deref().is_none_or(|ip| matches!(ip, "" | "0.0.0.0" | "::" | "[::]"));
    any(a) || any(b) || a == b
}

impl std::fmt::Display for PortUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(ip) = &self.ip {
            write!(f, "{ip}:")?;
        }
        write!(f, "{}", self.ports)?;
        if self.protocol != Protocol::Tcp {
            write!(f, "/{}", self.protocol)?;
        }
        Ok(())
    }
}

type Finding = (String, String);

fn too_few_ports(name: &str, wanted: &PortUse, count: u32) -> Option<Finding> {
    let there = wanted.ports.count();
    if count <= there {
        return None;
    }
    let has = if there == 1 { "one host port".to_owned() } else { format!("{there} host ports") };
    let first = wanted.ports.first();
    let count_up = u32::from(first) + count - 1;
    Some((
        format!("service {name}: {count} replicas cannot share {has} ({wanted})"),
        format!(
            "publish a range of {count} ports (\"{first}-{count_up}:...\"), let the engine choose (no host port), or put a \
             proxy before the replicas and publish only its port"
        ),
    ))
}

fn shared_port(name: &str, wanted: &PortUse, taken: &[(String, PortUse)]) -> Option<Finding> {
    let (other, _) = taken.iter().find(|(_, port)| port.meets(wanted))?;
    let who = if other == name { "twice".to_owned() } else { format!("and so does service {other}") };
    Some((
        format!("service {name} publishes host port {wanted}, {who}"),
        "give one of them another host port".to_owned(),
    ))
}

fn foreign_port(name: &str, wanted: &PortUse, count: u32, observed: &Observed) -> Option<Finding> {
    let number = wanted.ports.fixed().filter(|_| count > 0)?;
    let holder = observed.foreign_ports.iter().find(|port| {
        port.port == number
            && port.protocol == wanted.protocol.as_str()
            && same_address(&Some(port.ip.clone()), &wanted.ip)
    })?;
    let owner = match &holder.project {
        Some(project) => format!("container {} of project {project}", holder.container),
        None => format!("container {}", holder.container),
    };
    Some((
        format!("service {name}: host port {wanted} is taken by {owner}"),
        format!("stop that container, or publish another host port than {number}"),
    ))
}

/// A secret or config that is no file is written into the container, which must not be read-only.
fn unwritable_files(project: &Project, name: &str, service: &Service) -> Vec<Problem> {
    let kinds = [("config", &service.configs, &project.configs), ("secret", &service.secrets, &project.secrets)];
    let written = kinds.into_iter().flat_map(|(kind, used, defined)| {
        let is_written =
            |source: &str| defined.get(source).is_some_and(|object| object.file.is_none() && !object.external);
        used.iter().enumerate().filter(move |(_, file)| is_written(&file.source)).map(move |found| (kind, found))
    });
    written
        .filter(|_| service.read_only)
        .map(|(kind, (index, file))| Problem {
            message: format!(
                "service {name} is read-only, so the {kind} {}, which is not a file, cannot be written into it",
                file.source
            ),
            place: project.places.get(&format!("services.{name}.{kind}s[{index}]")).cloned(),
            help: Some(format!("use `file:` for the {kind}, or leave out `read_only: true`")),
        })
        .collect()
}

/// Whoever it shares something with has to be there, or to be started with it.
fn absent_owners(
    project: &Project,
    observed: &Observed,
    chosen: &BTreeSet<String>,
    name: &str,
    service: &Service,
) -> Vec<Problem> {
    let there =
        |owner: &str| chosen.contains(owner) || observed.containers.iter().any(|container| container.service == owner);
    let absent = service.refers_to().filter(|owner| !there(owner));
    absent
        .map(|owner| Problem {
            message: format!("service {name} shares something with service {owner}, which has no container"),
            place: project.places.get(&format!("services.{name}")).cloned(),
            help: Some(format!("start {owner}, too (leave out --no-deps)")),
        })
        .collect()
}

/// External networks and volumes have to be there.
fn missing_externals(project: &Project, name: &str, service: &Service, observed: &Observed) -> Vec<Problem> {
    let networks = service.networks.keys().filter_map(|key| {
        let network = project.networks.get(key).filter(|network| network.external)?;
        let here = observed.networks.iter().any(|seen| seen.name == network.name);
        (!here).then(|| ("network", key, network.name.clone()))
    });
    let volumes = service.volumes.iter().filter_map(|mount| {
        let key = mount.source.as_ref()?;
        let volume = project.volumes.get(key).filter(|volume| volume.external)?;
        let here = observed.volumes.iter().any(|seen| seen.name == volume.name);
        (!here).then(|| ("volume", key, volume.name.clone()))
    });
    networks
        .chain(volumes)
        .map(|(kind, key, found)| Problem {
            message: format!("service {name}: the external {kind} {found} does not exist"),
            place: project.places.get(&format!("{kind}s.{key}")).cloned(),
            help: Some(format!("create it (`docker {kind} create {found}`), or remove `external: true`")),
        })
        .collect()
}
