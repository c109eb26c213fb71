//! `down`: dependents stop before what they depend on; networks and volumes go last.

use std::collections::{BTreeMap, BTreeSet};

use wharf_compose::Project;
use wharf_docker::labels;

use super::{Cause, ContainerAct, ImageAct, NetworkAct, Plan, ProviderStep, Step, VolumeAct, hooks};
use crate::Observed;
use crate::event::HookPoint;
use crate::observe::{Container, Volume};
use crate::provider::{ProviderAct, ProviderPrograms};

/// Which images go, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveImages {
    /// All that the services use.
    All,
    /// Images that were built here and have no custom name.
    Local,
}

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct DownOptions {
    /// Only containers of these services; networks and volumes are kept. Everything if empty.
    pub services: Vec<String>,
    /// Whether to remove volumes, too: those that the file declares, and the containers' anonymous ones.
    pub volumes: bool,
    /// Whether to remove containers of services that the file does not name, and those of `run`, too.
    pub remove_orphans: bool,
    /// Images, too.
    pub images: Option<RemoveImages>,
    /// Seconds that a container gets to stop, instead of its own grace period.
    pub timeout: Option<u64>,
    /// The programs of those of the services that are provided. They remove what they made.
    pub providers: ProviderPrograms,
    /// Whether there is no file, so that the project consists of what carries its label.
    pub by_label: bool,
}

/// Plans what `down` does.
pub fn down(project: &Project, observed: &Observed, options: &DownOptions) -> Plan {
    let mut plan = Plan::default();
    let known = |name: &str| {
        options.by_label || project.services.contains_key(name) || project.disabled_services.contains_key(name)
    };
    let chosen = |name: &str| match options.services.is_empty() {
        true => known(name) || options.remove_orphans,
        false => options.services.iter().any(|service| service == name),
    };
    // What is left of a hook is removed with its service. A container of `run` may still have work to do.
    let goes = |container: &&Container| {
        chosen(&container.service) && (!container.one_off || container.is_hook() || options.remove_orphans)
    };
    let containers: Vec<&Container> = observed.containers.iter().filter(goes).collect();
    let left: Vec<&str> = observed
        .containers
        .iter()
        .filter(|container| options.services.is_empty() && !goes(container))
        .map(|container| container.name.as_str())
        .collect();
    if !left.is_empty() {
        let message = format!(
            "containers of `run`, or of services that are not in the file, stay: {}; --remove-orphans removes them",
            left.join(", ")
        );
        plan.warn(message, None);
    }
    let teardown =
        Teardown { timeout: options.timeout, remove: Some(options.volumes), providers: options.providers.clone() };
    let removed = teardown.plan(&mut plan, project, &containers);
    if !options.services.is_empty() {
        return plan;
    }
    let declared = project.networks.values().map(|network| (network.name.as_str(), network.external));
    let labelled = observed.networks.iter().map(|network| (network.name.as_str(), network.project.as_deref()));
    let names = removable(&mut plan, "networks", project, options, declared, labelled);
    let ours = observed.networks.iter().filter(|network| network.project.as_deref() == Some(project.name.as_str()));
    for network in ours.filter(|network| names.contains(&network.name.as_str())) {
        let remove = NetworkAct::Remove { id: network.id.clone() };
        plan.add(Step::network(&network.name, remove), Cause::Asked, removed.clone());
    }
    if options.volumes {
        let declared = project.volumes.values().map(|volume| (volume.name.as_str(), volume.external));
        let named = observed.volumes.iter().filter(|volume| volume.anonymous_of.is_none());
        let labelled = named.map(|volume| (volume.name.as_str(), volume.project.as_deref()));
        for name in removable(&mut plan, "volumes", project, options, declared, labelled) {
            plan.add(Step::volume(name, VolumeAct::Remove), Cause::Asked, removed.clone());
        }
        for name in left_anonymous(project, observed, chosen) {
            plan.add(Step::volume(name, VolumeAct::Remove), Cause::Asked, removed.clone());
        }
    }
    for image in images(project, observed, options) {
        plan.add(Step::image(image, ImageAct::Remove), Cause::Asked, removed.clone());
    }
    plan
}

/// Anonymous volumes of the project's services that no container has any more: of one that was scaled away, that went without
/// them, or whose removal was interrupted.
fn left_anonymous<'o>(project: &Project, observed: &'o Observed, chosen: impl Fn(&str) -> bool) -> Vec<&'o str> {
    let used = |name: &str| {
        let mut mounted = observed.containers.iter().flat_map(|container| &container.volumes);
        mounted.any(|volume| volume.name == name)
    };
    let ours = |volume: &&Volume| {
        let of_project = volume.project.as_deref() == Some(project.name.as_str());
        of_project && volume.anonymous_of.as_deref().is_some_and(&chosen) && !used(&volume.name)
    };
    observed.volumes.iter().filter(ours).map(|volume| volume.name.as_str()).collect()
}

/// The names of networks or volumes that `down` removes: those that carry the project's label and that the file
/// declares, unless it calls them external. Without a file the label alone decides. Warns about what is kept.
fn removable<'a>(
    plan: &mut Plan,
    kind: &str,
    project: &Project,
    options: &DownOptions,
    declared: impl Iterator<Item = (&'a str, bool)>,
    observed: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Vec<&'a str> {
    let (external, own): (Vec<_>, Vec<_>) = declared.partition(|(_, external)| *external);
    let is_in = |names: &[(&str, bool)], name: &str| names.iter().any(|(declared, _)| *declared == name);
    let labelled = observed.filter(|(_, owner)| *owner == Some(project.name.as_str()));
    let protected = labelled.map(|(name, _)| name).filter(|name| !is_in(&external, name));
    let (removed, left): (Vec<_>, Vec<_>) = protected.partition(|name| options.by_label || is_in(&own, name));
    if !left.is_empty() {
        plan.warn(format!("{kind} of the project that the file does not declare stay: {}", left.join(", ")), None);
    }
    removed
}

/// How containers end.
#[derive(Default)]
pub(super) struct Teardown {
    pub(super) timeout: Option<u64>,
    /// They are removed; with their anonymous volumes, if it says so.
    pub(super) remove: Option<bool>,
    /// The programs that remove what they made.
    pub(super) providers: ProviderPrograms,
}

impl Teardown {
    /// Dependents first. Gives the numbers of each container's last step.
    pub(super) fn plan(&self, plan: &mut Plan, project: &Project, containers: &[&Container]) -> Vec<usize> {
        let dependents = dependents(project, containers, &self.providers);
        let mut stops: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut last = Vec::new();
        for service in dependents_first(&dependents) {
            let after: Vec<usize> =
                dependents[service].iter().filter_map(|name| stops.get(name.as_str())).flatten().copied().collect();
            for container in containers.iter().filter(|container| container.service == service) {
                let mut cause = Cause::Asked;
                let mut before = after.clone();
                if container.is_up() {
                    if let Some(definition) = project.services.get(service).filter(|_| !container.one_off) {
                        let of = (service, definition);
                        before = hooks::commands(plan, of, HookPoint::PreStop, &container.name, before);
                    }
                    let step = Step::container(&container.name, ContainerAct::Stop { grace: self.timeout });
                    let stop = plan.add(step, cause, before);
                    stops.entry(service).or_default().push(stop);
                    cause = Cause::Follows;
                    before = vec![stop];
                }
                if let Some(volumes) = self.remove {
                    let step = Step::container(&container.name, ContainerAct::Remove { volumes });
                    before = vec![plan.add(step, cause, before)];
                }
                last.extend(before);
            }
            if let Some(program) = self.providers.get(service) {
                let step =
                    ProviderStep { service: service.to_owned(), program: program.clone(), act: ProviderAct::Down };
                let down = plan.add(Step::Provider(step), Cause::Asked, after);
                stops.entry(service).or_default().push(down);
                last.push(down);
            }
        }
        last
    }
}

/// For each service with containers or a provider, the services that depend on it: by the file, or by the containers' labels.
fn dependents<'a>(
    project: &'a Project,
    containers: &[&'a Container],
    providers: &'a ProviderPrograms,
) -> BTreeMap<&'a str, BTreeSet<String>> {
    let names =
        containers.iter().map(|container| container.service.as_str()).chain(providers.keys().map(String::as_str));
    let mut dependents: BTreeMap<&str, BTreeSet<String>> = names.map(|name| (name, BTreeSet::new())).collect();
    for (name, service) in providers.keys().filter_map(|name| project.services.get_key_value(name)) {
        for (need, _) in super::order::dependencies(project, service) {
            if let Some(set) = dependents.get_mut(need) {
                set.insert(name.clone());
            }
        }
    }
    for container in containers {
        let from_file = project.services.get(&container.service).map(|service| {
            super::order::dependencies(project, service).into_iter().map(|(name, _)| name.to_owned()).collect()
        });
        let needs: Vec<String> = from_file.unwrap_or_else(|| {
            let label = container.labels.get(labels::DEPENDS_ON).map(String::as_str).unwrap_or_default();
            label.split(',').filter_map(|entry| entry.split(':').next()).map(str::to_owned).collect()
        });
        for need in needs {
            if let Some(set) = dependents.get_mut(need.as_str()) {
                set.insert(container.service.clone());
            }
        }
    }
    dependents
}

/// Services in an order in which each comes after all that depend on it. What labels say may be circular.
fn dependents_first<'a>(dependents: &BTreeMap<&'a str, BTreeSet<String>>) -> Vec<&'a str> {
    fn visit<'a>(
        name: &'a str,
        dependents: &BTreeMap<&'a str, BTreeSet<String>>,
        seen: &mut BTreeSet<&'a str>,
        ordered: &mut Vec<&'a str>,
    ) {
        if !seen.insert(name) {
            return;
        }
        for dependent in &dependents[name] {
            if let Some((dependent, _)) = dependents.get_key_value(dependent.as_str()) {
                visit(dependent, dependents, seen, ordered);
            }
        }
        ordered.push(name);
    }
    let mut ordered = Vec::new();
    let mut seen = BTreeSet::new();
    for name in dependents.keys() {
        visit(name, dependents, &mut seen, &mut ordered);
    }
    ordered
}

fn images(project: &Project, observed: &Observed, options: &DownOptions) -> BTreeSet<String> {
    let Some(which) = options.images else { return BTreeSet::new() };
    project
        .services
        .iter()
        .filter(|(_, service)| which == RemoveImages::All || (service.build.is_some() && service.image.is_none()))
        .map(|(name, service)| project.image_of(name, service))
        .filter(|image| observed.images.contains_key(image))
        .collect()
}
