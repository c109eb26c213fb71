//! Selects services and sorts them by their dependencies.

use std::collections::BTreeSet;

use wharf_compose::model::{Condition, Service};
use wharf_compose::{Project, UnknownService};

use crate::Error;

/// What a service has to wait for, including the services that it refers to, which the file's reader has added.
pub(super) fn dependencies<'a>(project: &Project, service: &'a Service) -> Vec<(&'a str, Condition)> {
    let there = service.depends_on.iter().filter(|(name, _)| project.services.contains_key(*name));
    there.map(|(name, dependency)| (name.as_str(), dependency.condition)).collect()
}

/// The service of that name.
///
/// # Errors
/// [`Error::Refused`] if the project has no such service.
pub(crate) fn service<'a>(project: &'a Project, name: &str) -> Result<&'a Service, Error> {
    project.services.get(name).ok_or_else(|| UnknownService::new(name, project).into())
}

/// The named services (all if none is named), with everything that they depend on unless `alone`.
///
/// # Errors
/// If a name is not a service of the project.
pub(crate) fn selected(project: &Project, names: &[String], alone: bool) -> Result<BTreeSet<String>, Error> {
    names.iter().try_for_each(|name| service(project, name).map(drop))?;
    match alone && !names.is_empty() {
        true => Ok(names.iter().cloned().collect()),
        false => Ok(project.with_dependencies(names).into_iter().map(str::to_owned).collect()),
    }
}

/// The named services (all if none is named), with everything that they depend on.
///
/// # Errors
/// If a name is not a service of the project.
pub fn with_dependencies(project: &Project, names: &[String]) -> Result<BTreeSet<String>, Error> {
    selected(project, names, false)
}

/// Services with their dependencies first; among equals by name. The reader has excluded cycles.
pub(super) fn in_order<'a>(project: &'a Project, chosen: &BTreeSet<String>) -> Vec<(&'a str, &'a Service)> {
    let dependencies = |service: &'a Service| {
        let mut before: Vec<&str> = dependencies(project, service).into_iter().map(|(name, _)| name).collect();
        before.sort_unstable();
        before
    };
    let mut ordered = sorted(project, project.services.keys().map(String::as_str), &dependencies);
    ordered.retain(|(name, _)| chosen.contains(*name));
    ordered
}

/// The same for builds: with those first, too, whose images are contexts of others' builds.
pub(super) fn in_build_order<'a>(project: &'a Project, chosen: &BTreeSet<String>) -> Vec<(&'a str, &'a Service)> {
    let names = in_order(project, chosen).into_iter().map(|(name, _)| name);
    let mut ordered = sorted(project, names, &bases);
    ordered.retain(|(name, _)| chosen.contains(*name));
    ordered
}

/// The services whose images are contexts of a service's build (`service:NAME`).
pub(super) fn bases(service: &Service) -> Vec<&str> {
    let contexts = service.build.iter().flat_map(|build| build.additional_contexts.values());
    contexts.filter_map(|context| context.strip_prefix("service:")).collect()
}

/// The services with these names, and before each of them those that `before` names.
fn sorted<'a>(
    project: &'a Project,
    names: impl Iterator<Item = &'a str>,
    before: &dyn Fn(&'a Service) -> Vec<&'a str>,
) -> Vec<(&'a str, &'a Service)> {
    fn visit<'a>(
        project: &'a Project,
        name: &str,
        before: &dyn Fn(&'a Service) -> Vec<&'a str>,
        seen: &mut BTreeSet<&'a str>,
        ordered: &mut Vec<(&'a str, &'a Service)>,
    ) {
        let Some((name, service)) = project.services.get_key_value(name) else { return };
        if !seen.insert(name) {
            return;
        }
        for other in before(service) {
            visit(project, other, before, seen, ordered);
        }
        ordered.push((name, service));
    }
    let mut ordered = Vec::new();
    let mut seen = BTreeSet::new();
    for name in names {
        visit(project, name, before, &mut seen, &mut ordered);
    }
    ordered
}
