//! Warns of what is allowed but probably not meant.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::model::decode::Spans;
use crate::model::{Port, PortRange, Project, Protocol};
use crate::report::findings::{At, Report};
use crate::spec::short::mounts::is_windows_drive;
use wharf_yaml::{Node, Value};

/// Looks at one file before its variables are filled in.
pub(crate) fn document(document: &Node, report: &mut Report) {
    if let Some(version) = document.get("version") {
        report.warning(At::key(version), "`version` is obsolete and has no effect");
        report.help("remove the line");
    }
    let services = document.get("services").and_then(Node::as_map);
    for service in services.into_iter().flat_map(|services| services.values()) {
        match service.get("environment").map(|environment| &environment.value) {
            Some(Value::Map(map)) => {
                for (name, value) in map {
                    password(name, value.as_text(), At::key(value), report);
                }
            }
            Some(Value::List(list)) => {
                for entry in list {
                    let pair = entry.as_text().and_then(|text| text.split_once('='));
                    pair.into_iter().for_each(|(name, value)| password(name, Some(value), At::from(entry), report));
                }
            }
            _ => {}
        }
    }
}

/// Whether a variable of this name is likely to hold a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY"].iter().any(|word| upper.ends_with(word))
}

/// A password that is written in the file, where everyone can read it.
fn password(name: &str, value: Option<&str>, at: At, report: &mut Report) {
    let written = value.is_some_and(|value| !value.is_empty() && !value.contains('$'));
    if is_secret(name) && written {
        report.warning(at, format!("`{name}` is in the file in plain text"));
        report.without_excerpt();
        report.help(format!(
            "take it from the environment (`${{{name}}}`), or from a secret if the image reads `{name}_FILE`"
        ));
    }
}

/// A port on the host: what binds it, the path of that, its service.
type Binding<'p> = (&'p Port, String, &'p str);

/// Looks at the whole project.
pub(crate) fn project(project: &Project, spans: &Spans<'_>, report: &mut Report) {
    host_ports(project, spans, report);
    for (name, service) in &project.services {
        for (index, mount) in service.volumes.iter().enumerate() {
            if mount.source.is_none() && is_windows_drive(&mount.target) {
                let message = format!("`{}` counts as a path on a Windows drive, not as volume and path", mount.target);
                report.warning(spans.at(&format!("services.{name}.volumes[{index}]")), message);
                report.help("give the volume a name of two letters or more, or write `type`, `source` and `target`");
            }
        }
    }
}

/// Host ports that several containers want.
fn host_ports(project: &Project, spans: &Spans<'_>, report: &mut Report) {
    let mut bound: HashMap<(u16, &Protocol), Vec<Binding<'_>>> = HashMap::new();
    for (name, service) in &project.services {
        for (index, port) in service.ports.iter().enumerate() {
            let Some(number) = port.published.and_then(PortRange::fixed) else { continue };
            let path = format!("services.{name}.ports[{index}]");
            let others = bound.entry((number, &port.protocol)).or_default();
            if let Some((_, first, owner)) = others.iter().find(|(other, ..)| overlap(other, port)) {
                let message = match owner == name {
                    true => format!("the host port {number} is bound twice"),
                    false => format!("the host port {number} is also bound by `{owner}`"),
                };
                report.warning(spans.at(&path), message);
                if let Some(span) = spans.span(first) {
                    report.also("first bound here", span);
                }
                report.help("only one of the containers can start; publish another port");
            } else if service.replicas() > 1 {
                let message =
                    format!("`{name}` has {} replicas, and the host port {number} is for one", service.replicas());
                report.warning(spans.at(&path), message);
                report.help(format!("publish a range, like `8000-8010:{}`, or no fixed port: `\"{0}\"`", port.target));
            } else {
                others.push((port, path, name));
            }
        }
    }
}

/// Whether two ports are bound on an address of both.
fn overlap(one: &Port, other: &Port) -> bool {
    let address = |port: &Port| port.host_ip.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other || one.is_unspecified() || other.is_unspecified(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, Project};

    fn warnings(text: &str) -> Vec<String> {
        let loaded = Project::load(&Options::from_text(text)).expect("the project can be loaded");
        loaded.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_host_port_bound_twice_is_named_with_both_places() {
        let text = "services:\n  a: {image: x, ports: ['8080:80']}\n  b: {image: x, ports: ['127.0.0.1:8080:80']}\n";
        insta::assert_snapshot!(warnings(text).join("\n"), @"
        /project/compose.yaml:3:25: the host port 8080 is also bound by `a`
            3 |   b: {image: x, ports: ['127.0.0.1:8080:80']}
              |                         ^^^^^^^^^^^^^^^^^^^
        /project/compose.yaml:2:25: first bound here
            2 |   a: {image: x, ports: ['8080:80']}
              |                         ^
          help: only one of the containers can start; publish another port
        ");
        assert!(warnings("services: {a: {image: x, ports: ['0:80', '0:81']}}").is_empty());
    }

    #[test]
    fn a_password_is_named_but_not_shown() {
        let text = "services: {db: {image: x, environment: {POSTGRES_PASSWORD: hunter2, OTHER_TOKEN: $X}}}";
        let found = warnings(text);
        assert!(found[0].contains("`POSTGRES_PASSWORD` is in the file in plain text"));
        assert!(!found[0].contains("hunter2"));
        assert_eq!(found.len(), 2, "the second is the unset variable: {found:?}");
    }

    #[test]
    fn a_volume_that_reads_as_a_drive_is_named() {
        assert!(warnings("services: {a: {image: x, volumes: ['x:/d']}}")[0].contains("Windows drive"));
    }

    #[test]
    fn a_dollar_within_a_word_is_named_and_a_password_is_not_shown() {
        let text = "services: {a: {image: x, command: 'echo pa$word', environment: {DB_PASSWORD: 'hun$ter2', A: $B}}}";
        let found = warnings(text);
        assert!(found[0].contains("`$word` is taken for a variable, which is not set: it vanishes"), "{found:?}");
        assert!(found[0].contains("help: for a dollar sign write `$$word`"), "{found:?}");
        assert!(found[1].contains("`$ter2` is taken") && !found[1].contains("hun"), "{found:?}");
        assert!(found[2].contains("the variable `B` is not set"), "{found:?}");
    }

    #[test]
    fn an_obsolete_version_is_named() {
        assert!(warnings("version: '3'\nservices: {a: {image: x}}")[0].contains("`version` is obsolete"));
    }
}
