//! The variables that providers set for the services that depend on theirs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wharf_compose::Project;
use wharf_compose::model::{Concealed, Service};
use wharf_docker::{Engine, unless_gone};

use crate::Error;
use crate::observe::Container;

/// What providers have set, by their services: the variables as their dependents see them.
pub(crate) type Variables = BTreeMap<String, BTreeMap<String, Concealed>>;

/// What a provider has set as its dependents see it: with the name of its service before each name.
pub(crate) fn prefixed(service: &str, variables: BTreeMap<String, Concealed>) -> BTreeMap<String, Concealed> {
    let prefix = prefix(service);
    variables.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect()
}

fn prefix(service: &str) -> String {
    format!("{}_", service.to_uppercase())
}

/// The project with these variables in the services that depend on the providers.
pub(crate) fn amended<'p>(project: &'p Project, variables: &Variables) -> Cow<'p, Project> {
    let mut amended = Cow::Borrowed(project);
    for (provider, set) in variables.iter().filter(|(_, set)| !set.is_empty()) {
        let project = amended.to_mut();
        for service in project.services.values_mut().filter(|service| service.depends_on.contains_key(provider)) {
            service.environment.extend(set.iter().map(|(name, value)| (name.clone(), Some(value.0.clone()))));
        }
    }
    amended
}

/// What each provider set the last time, as a container of a dependent shows it. It stands in for a provider that does not run:
/// in a dry run, and where dependencies are left out.
pub(crate) async fn remembered(
    engine: &Engine,
    project: &Project,
    containers: &[Container],
) -> Result<Variables, Error> {
    let mut variables = Variables::new();
    for (provider, _) in project.services.iter().filter(|(_, service)| service.provider.is_some()) {
        let dependent = containers.iter().filter(|container| !container.one_off).find_map(|container| {
            let service = project.services.get(&container.service)?;
            service.depends_on.contains_key(provider).then_some((container, service))
        });
        let Some((container, service)) = dependent else { continue };
        let found = unless_gone(engine.docker().inspect_container(&container.id, None).await);
        let found = found.map_err(|error| wharf_docker::Error::from(error).during("look at a container"))?;
        let given = found.and_then(|found| found.config?.env).unwrap_or_default();
        variables.insert(provider.clone(), set_by(provider, service, &given));
    }
    Ok(variables)
}

/// Those of a container's variables (`NAME=VALUE`) that have the provider's prefix and that the file does not set.
fn set_by(provider: &str, dependent: &Service, given: &[String]) -> BTreeMap<String, Concealed> {
    let prefix = prefix(provider);
    let pairs = given.iter().filter_map(|pair| pair.split_once('='));
    let own = pairs.filter(|(name, _)| name.starts_with(&prefix) && !dependent.environment.contains_key(*name));
    own.map(|(name, value)| (name.to_owned(), Concealed(value.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    const TEXT: &str = "
services:
  llm: {provider: {type: model}}
  web: {image: x, depends_on: [llm], environment: {LLM_MODE: fast}}
  other: {image: x}
";

    fn one(name: &str, value: &str) -> BTreeMap<String, Concealed> {
        BTreeMap::from([(name.to_owned(), Concealed(value.to_owned()))])
    }

    #[test]
    fn only_dependents_get_the_variables() {
        let project = Project::load(&Options::from_text(TEXT)).unwrap().project;
        let set = prefixed("llm", one("URL", "http://x"));
        let changed = amended(&project, &Variables::from([("llm".to_owned(), set)]));
        let url = |service: &str| changed.services[service].environment.get("LLM_URL").cloned();
        assert_eq!((url("web"), url("other")), (Some(Some("http://x".to_owned())), None));
        assert!(matches!(amended(&project, &Variables::from([("llm".to_owned(), BTreeMap::new())])), Cow::Borrowed(_)));
    }

    #[test]
    fn a_container_shows_what_its_provider_set() {
        let project = Project::load(&Options::from_text(TEXT)).unwrap().project;
        let given = ["PATH=/bin", "LLM_URL=http://x?a=b", "LLM_MODE=fast", "LLMX=1"].map(str::to_owned);
        assert_eq!(set_by("llm", &project.services["web"], &given), one("LLM_URL", "http://x?a=b"));
    }
}
