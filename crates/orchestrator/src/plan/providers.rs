//! Plans the calls of providers, before the containers of the services that depend on theirs.

use std::collections::BTreeMap;

use wharf_compose::Project;

use super::order::{dependencies, in_order};
use super::{Cause, Plan, ProviderStep, Step};
use crate::provider::{ProviderAct, ProviderPrograms};

/// Plans that these programs make what their services are, each after those that it depends on.
pub fn providers(project: &Project, programs: &ProviderPrograms) -> Plan {
    let mut plan = Plan::default();
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, service) in in_order(project, &programs.keys().cloned().collect()) {
        let after: Vec<usize> =
            dependencies(project, service).iter().filter_map(|(name, _)| done.get(name).copied()).collect();
        let program = programs[name].clone();
        let cause = Cause::Provider { provider: program.kind.clone() };
        let step = ProviderStep { service: name.to_owned(), program, act: ProviderAct::Up };
        done.insert(name, plan.add(Step::Provider(step), cause, after));
    }
    plan
}

/// Providers that run together.
#[derive(Debug, PartialEq)]
pub(crate) struct Round {
    pub(crate) programs: ProviderPrograms,
    /// A service whose dependencies have to be brought up before, because some of them have containers.
    pub(crate) after_dependencies_of: Option<String>,
}

/// The programs in the order in which they can run: first all that need no container, then each of the others.
pub(crate) fn rounds(project: &Project, programs: &ProviderPrograms) -> Vec<Round> {
    let has_container = |name: &str| project.services.get(name).is_some_and(|service| service.provider.is_none());
    let needs_containers = |name: &str| project.with_dependencies(&[name.to_owned()]).into_iter().any(has_container);
    let (later, first): (ProviderPrograms, ProviderPrograms) =
        programs.clone().into_iter().partition(|(name, _)| needs_containers(name));
    let ordered = in_order(project, &later.keys().cloned().collect());
    let alone = ordered.into_iter().map(|(name, _)| Round {
        programs: ProviderPrograms::from([(name.to_owned(), later[name].clone())]),
        after_dependencies_of: Some(name.to_owned()),
    });
    let together = Round { programs: first, after_dependencies_of: None };
    std::iter::once(together).filter(|round| !round.programs.is_empty()).chain(alone).collect()
}
