//! Where in the file is written what the engine refuses.

use std::sync::Arc;

use wharf_compose::model::Service;
use wharf_compose::{Place, Project};
use wharf_docker::StartError;

use crate::plan::NamedService;
use crate::request::mounted_file;

/// The service of a replica, by the container's name.
pub(super) fn service_of(project: &Project, container: &str) -> Option<Arc<NamedService>> {
    let digits = container.len() - container.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let number = container.get(container.len() - digits..).and_then(|digits| digits.parse().ok()).unwrap_or(1);
    let (name, service) = project.services.iter().find(|(name, _)| project.replica_name(name, number) == container)?;
    Some(NamedService::new(name, service))
}

/// Where a service says what could not be started.
pub(super) fn of(project: &Project, service: &NamedService, why: &StartError) -> Option<Place> {
    let NamedService { name, service } = service;
    let key = match why {
        StartError::NoSuchCommand { command }
        | StartError::NotExecutable { command }
        | StartError::IsDirectory { command }
        | StartError::WrongFormat { command: Some(command) } => program(service, command).to_owned(),
        StartError::WrongFormat { command: None } => program(service, "").to_owned(),
        StartError::NoSuchUser { .. } => "user".to_owned(),
        StartError::NoSuchSource { source } | StartError::OtherKind { source, .. } => mount(project, service, source)?,
    };
    project.places.get(&format!("services.{name}.{key}")).cloned()
}

/// The key that names a program; the image's own is with the image.
fn program(service: &Service, command: &str) -> &'static str {
    let is_first = |words: &Option<Vec<String>>| {
        words.as_ref().and_then(|words| words.first()).is_some_and(|word| word == command)
    };
    match () {
        () if is_first(&service.entrypoint) => "entrypoint",
        () if is_first(&service.command) => "command",
        () if service.entrypoint.is_some() => "entrypoint",
        () if service.image.is_some() => "image",
        () => "build",
    }
}

/// The key that mounts a path of the host.
fn mount(project: &Project, service: &Service, source: &str) -> Option<String> {
    let volume = service.volumes.iter().position(|mount| mount.source.as_deref() == Some(source));
    let files = [("secrets", &service.secrets, &project.secrets), ("configs", &service.configs, &project.configs)];
    let file = || {
        files.into_iter().find_map(|(key, used, defined)| {
            let is_it = |used: &wharf_compose::model::FileMount| mounted_file(used, defined) == Some(source);
            used.iter().position(is_it).map(|index| format!("{key}[{index}]"))
        })
    };
    volume.map(|index| format!("volumes[{index}]")).or_else(file)
}

/// Where a service's limit of memory is, and what to do about a container that reached it.
pub(super) fn memory(project: &Project, service: &NamedService) -> (Option<Place>, Option<String>) {
    let NamedService { name, service } = service;
    let limits = service.deploy.as_ref().and_then(|deploy| deploy.resources.as_ref()?.limits.as_ref());
    let key = match (limits.and_then(|limits| limits.memory), service.mem_limit) {
        (Some(_), _) => "deploy.resources.limits.memory",
        (None, Some(_)) => "mem_limit",
        (None, None) => {
            let help = "the machine has no memory left for it: stop other programs, or limit them by `mem_limit`";
            return (None, Some(help.to_owned()));
        }
    };
    let place = project.places.get(&format!("services.{name}.{key}")).cloned();
    (place, Some(format!("raise `{key}`, or make the program use less")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    const TEXT: &str = "\
services:
  web:
    image: x
    command: [nosuch, a]
    user: nobody
    mem_limit: 64m
    volumes:
      - /src/x.conf:/etc/x.conf
    secrets: [key]
  db:
    image: y
    container_name: base
    entrypoint: /start
secrets: {key: {file: /src/key}}
";

    #[test]
    fn what_is_refused_is_found_in_the_file() {
        let project = Project::load(&Options::from_text(TEXT)).expect("the project can be loaded").project;
        let line = |container: &str, why: StartError| {
            let service = service_of(&project, container).expect("the service is found");
            of(&project, &service, &why).map(|place| place.line)
        };
        let command = |text: &str| StartError::NoSuchCommand { command: text.to_owned() };
        let source = |text: &str| StartError::NoSuchSource { source: text.to_owned() };
        assert_eq!(line("project-web-1", command("nosuch")), Some(4));
        assert_eq!(line("project-web-2", command("in-the-image")), Some(3));
        assert_eq!(line("project-web-1", StartError::NoSuchUser { user: "nobody".into() }), Some(5));
        assert_eq!(line("project-web-1", source("/src/x.conf")), Some(8));
        assert_eq!(line("project-web-1", source("/src/key")), Some(9));
        assert_eq!(line("base", StartError::WrongFormat { command: None }), Some(13));
        let (place, help) = memory(&project, &NamedService::new("web", &project.services["web"]));
        assert_eq!(place.map(|place| place.line), Some(6));
        assert_eq!(help.as_deref(), Some("raise `mem_limit`, or make the program use less"));
        assert!(service_of(&project, "project-other-1").is_none());
    }
}
