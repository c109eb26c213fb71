//! Reads rules: the file's `develop.watch`, and what has to be looked up on this machine for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharf_buildkit::Patterns;
use wharf_compose::model::{MountKind, Service, Trigger};
use wharf_compose::{Place, Project};
use wharf_plan::Warning;

use super::rules::{Rule, Rules, Surroundings};
use crate::build::{Dockerfile, is_directory};
use crate::{Error, plan};

impl Rules {
    /// Reads the rules of the services and of those that they depend on; of all services if none is named. A path whose
    /// files the container has anyway, by a bind mount, is not copied, and there is a warning.
    ///
    /// # Errors
    /// [`Error::Refused`]: no service has a rule, or one cannot be carried out.
    pub fn read(project: &Project, services: &[String]) -> Result<(Self, Vec<Warning>), Error> {
        let (mut rules, mut warnings) = (Vec::new(), Vec::new());
        for name in plan::with_dependencies(project, services)? {
            let Some(service) = project.services.get(&name) else { continue };
            let triggers = service.develop.iter().flat_map(|develop| &develop.watch);
            let dockerignore = dockerignore(&name, service)?;
            for (index, trigger) in triggers.enumerate() {
                let place = project.places.get(&format!("services.{name}.develop.watch[{index}]"));
                let surroundings = Surroundings {
                    path: resolved(Path::new(&trigger.path)),
                    is_mounted: is_mounted(service, trigger),
                    dockerignore: dockerignore.clone(),
                    place: place.cloned(),
                };
                if surroundings.is_mounted {
                    warnings.push(already_there(&name, trigger, surroundings.place.clone()));
                }
                rules.extend(Rule::read((&name, index), trigger, service.build.is_some(), surroundings)?);
            }
        }
        if rules.is_empty() {
            let message = match services {
                _ if !warnings.is_empty() => "bind mounts show all watched files in the containers already".to_owned(),
                [] => format!("no service of the project {} says what to watch", project.name),
                services => format!("none of these services says what to watch: {}", services.join(", ")),
            };
            let help = "add `develop: { watch: [{ path: ./src, action: sync, target: /app/src }] }` to a service";
            return Err(Error::refused(message, None, help.to_owned()));
        }
        Ok((Rules(rules), warnings))
    }
}

fn already_there(service: &str, trigger: &Trigger, place: Option<Place>) -> Warning {
    let effect = match trigger.action.as_str() {
        "sync" => "it is not watched",
        _ => "nothing is copied",
    };
    let message = format!("service {service}: a bind mount has {} in the container already; {effect}", trigger.path);
    Warning { message, place }
}

/// Whether a bind mount of the service has the files of the path at the place where they would be copied.
fn is_mounted(service: &Service, trigger: &Trigger) -> bool {
    let Some(target) = trigger.target.as_deref().filter(|_| trigger.action.starts_with("sync")) else { return false };
    let path = resolved(Path::new(&trigger.path));
    service.volumes.iter().filter(|mount| mount.kind == MountKind::Bind).any(|mount| {
        let source = mount.source.as_deref().map(|source| resolved(Path::new(source)));
        let below = source.and_then(|source| path.strip_prefix(source).map(Path::to_owned).ok());
        // The components are compared, so a slash at the end makes no difference.
        below.is_some_and(|below| Path::new(&mount.target).join(below) == Path::new(target))
    })
}

/// The build context, and what its ignore file excludes from it.
type Excluded = (PathBuf, Arc<Patterns>);

fn dockerignore(name: &str, service: &Service) -> Result<Option<Excluded>, Error> {
    let Some(build) = service.build.as_ref().filter(|build| is_directory(&build.context)) else { return Ok(None) };
    let context = resolved(Path::new(&build.context));
    // What is wrong with the Dockerfile is said by the build.
    let dockerfile = Dockerfile::of(build, Some(&context)).ok().flatten().unwrap_or_default();
    let refused = |error: String| Error::refused(format!("service {name}: {error}"), None, None);
    let text = dockerfile.ignore_file(&context).map_err(refused)?;
    let text = String::from_utf8_lossy(&text);
    // Who sends only chosen files to the builder has not said which changes count.
    let is_a_choice = text.lines().any(|line| line.trim() == "*");
    let patterns = if is_a_choice { Ok(Patterns::default()) } else { Patterns::of_ignore_file(&text) };
    Ok(Some((context, Arc::new(patterns.map_err(refused)?))))
}

/// The path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(resolved), ..) => resolved,
        (Err(_), Some(parent), Some(name)) => resolved(parent).join(name),
        (Err(_), ..) => path.to_owned(),
    }
}
