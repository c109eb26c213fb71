//! Where a project can be reached: the host ports that its containers publish.

use std::collections::BTreeSet;

use wharf_compose::Project;
use wharf_compose::model::Service;
use wharf_orchestrator::observe::{Container, Published, State};

use crate::screen::plain;

/// What is said of a project in which nothing was to be done: `shop: 3 containers run, nothing changed`, which of them are
/// paused, and where its services are. With `links` the addresses are hyperlinks of the terminal (OSC 8).
pub(crate) fn unchanged(project: &Project, containers: &[Container], services: &[String], links: bool) -> String {
    let counts = |found: &&Container| {
        found.is_up() && !found.one_off && (services.is_empty() || services.contains(&found.service))
    };
    let (paused, running): (Vec<&Container>, Vec<&Container>) =
        containers.iter().filter(counts).partition(|container| container.state == State::Paused);
    let name = plain::one_line(&project.name);
    let mut text = match (running.len(), paused.len()) {
        (1, 0) => format!("{name}: 1 container runs, nothing changed"),
        (running, 0) => format!("{name}: {running} containers run, nothing changed"),
        (0, 1) => format!("{name}: 1 container is paused; `wharf unpause` resumes it"),
        (0, paused) => format!("{name}: {paused} containers are paused; `wharf unpause` resumes them"),
        (running, paused) => format!(
            "{name}: {running} of {} containers run, {paused} paused; `wharf unpause` resumes",
            running + paused
        ),
    };
    let all =
        running.iter().flat_map(|container| container.ports.iter().map(|port| (container.service.as_str(), port)));
    let addresses: BTreeSet<(&str, String)> =
        all.filter_map(|(name, port)| Some((name, address(project.services.get(name), port)?))).collect();
    for (service, address) in addresses {
        let shown = if links && address.contains("://") { link(&address) } else { address };
        text.push_str(&format!("\n  {}  {shown}", plain::one_line(service)));
    }
    text
}

/// The address of a published port as a person opens it.
fn address(service: Option<&Service>, port: &Published) -> Option<String> {
    let published = port.published.filter(|_| port.protocol == "tcp")?;
    let host = match port.ip.as_deref() {
        None | Some("" | "0.0.0.0" | "::" | "127.0.0.1" | "::1") => "localhost".to_owned(),
        Some(ip) if ip.contains(':') => format!("[{ip}]"),
        Some(ip) => ip.to_owned(),
    };
    let address = format!("{host}:{published}");
    Some(match scheme(service, port.target) {
        Some(scheme) => format!("{scheme}://{address}"),
        None => address,
    })
}

/// What the file says, else what the port in the container is usually for.
fn scheme(service: Option<&Service>, target: u16) -> Option<&'static str> {
    let declared =
        service.and_then(|service| service.ports.iter().find(|port| port.target == target)?.app_protocol.as_deref());
    match (declared, target) {
        (Some("http"), _) => Some("http"),
        (Some("https"), _) => Some("https"),
        (Some(_), _) => None,
        (None, 443 | 8443) => Some("https"),
        (None, 80 | 3000 | 4200 | 5000 | 5173 | 8000 | 8080 | 9090) => Some("http"),
        (None, _) => None,
    }
}

fn link(address: &str) -> String {
    format!("\x1b]8;;{address}\x1b\\{address}\x1b]8;;\x1b\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    fn container(service: &str, ports: &[(u16, Option<&str>, u16)]) -> Container {
        let port = |(published, ip, target): &(u16, Option<&str>, u16)| Published {
            target: *target,
            protocol: "tcp".into(),
            ip: ip.map(str::to_owned),
            published: Some(*published),
        };
        let ports = ports.iter().map(port).collect();
        Container { service: service.into(), state: State::Running, ports, ..Container::default() }
    }

    #[test]
    fn a_project_that_runs_tells_where_it_is() {
        let text = "name: shop\nservices:\n  web: {image: x}\n  api: {image: x, ports: [{target: 7, app_protocol: https}]}\n  db: {image: x}\n";
        let project = Project::load(&Options::from_text(text)).unwrap().project;
        let containers = [
            container("web", &[(8080, Some("0.0.0.0"), 80), (8080, Some("::"), 80)]),
            container("api", &[(7777, Some("10.0.0.1"), 7)]),
            container("db", &[(5432, Some("127.0.0.1"), 5432)]),
        ];
        insta::assert_snapshot!(unchanged(&project, &containers, &[], false), @r"
        shop: 3 containers run, nothing changed
          api  https://10.0.0.1:7777
          db  localhost:5432
          web  http://localhost:8080
        ");
        insta::assert_snapshot!(unchanged(&project, &containers, &["db".into()], false), @r"
        shop: 1 container runs, nothing changed
          db  localhost:5432
        ");
        let paused = [Container { state: State::Paused, ..containers[0].clone() }, containers[2].clone()];
        insta::assert_snapshot!(unchanged(&project, &paused, &[], false), @r"
        shop: 1 of 2 containers run, 1 paused; `wharf unpause` resumes
          db  localhost:5432
        ");
        insta::assert_snapshot!(unchanged(&project, &paused, &["web".into()], false), @"shop: 1 container is paused; `wharf unpause` resumes it");
        let linked = unchanged(&project, &containers, &["web".into()], true);
        assert!(
            linked.ends_with("\x1b]8;;http://localhost:8080\x1b\\http://localhost:8080\x1b]8;;\x1b\\"),
            "{linked:?}"
        );
    }
}
