//! Containers of `run`: additional containers of a service, with changes, which are not replicas.

mod overrides;

use std::time::{SystemTime, UNIX_EPOCH};

use wharf_compose::Project;
use wharf_docker::{ApiVersion, Engine, labels};

pub use overrides::Overrides;

use crate::Error;
use crate::apply::create::NewContainer;
use crate::observe;
use crate::plan::order;
use crate::request::{Owners, Replica};

/// What kind of container it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunOptions {
    /// Whether it can be reached under the service's name, as replicas can.
    pub use_aliases: bool,
    /// Whether the engine removes it when it has ended.
    pub auto_remove: bool,
}

/// A name that no other container has: `<project>-<service>-run-<digits>`.
pub fn name(project: &Project, service: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let separator = project.separator();
    let digits = since.as_nanos() & 0xffff_ffff_ffff;
    format!("{}{separator}{service}{separator}run{separator}{digits:012x}", project.name)
}

/// Creates a container as the service is now, and gives its identifier. Its networks and its image have to be there: see
/// [`prepare_run`](crate::prepare_run).
///
/// # Errors
/// [`Error::Refused`] if the project has no such service, or a file of it has no value; those of the engine. Nothing of
/// the container stays then.
pub async fn create(
    engine: &Engine,
    project: &Project,
    service_name: &str,
    name: &str,
    options: RunOptions,
) -> Result<String, Error> {
    let owners = observe::owners(engine, project, order::service(project, service_name)?).await?;
    let container = container(engine.api_version(), (project, &owners), service_name, name, options)?;
    let created = container.create(engine).await;
    Ok(created.map_err(|error| wharf_docker::Error::from(error).during("create the container"))?)
}

fn container(
    version: ApiVersion,
    (project, owners): (&Project, &Owners),
    service_name: &str,
    name: &str,
    options: RunOptions,
) -> Result<NewContainer, Error> {
    let service = order::service(project, service_name)?;
    let replica = Replica {
        project,
        name: service_name,
        service,
        number: 1,
        image_id: None,
        volumes_of_image: &[],
        inherited: &[],
        owners,
        replaces: false,
    };
    let container = NewContainer::replica(name, &replica, version);
    let mut container = container.map_err(|problem| Error::Refused(vec![problem]))?;
    let body = container.body_mut();
    body.attach_stdin = Some(service.stdin_open);
    body.attach_stdout = Some(true);
    body.attach_stderr = Some(true);
    body.stdin_once = Some(service.stdin_open);
    if let Some(config) = &mut body.host_config {
        config.auto_remove = Some(options.auto_remove);
    }
    if let Some(given) = &mut body.labels {
        given.insert(labels::ONE_OFF.to_owned(), "True".to_owned());
        // It is not a replica, so it is never up to date. docker compose knows its own by its label, so that one stays.
        given.remove(labels::OWN_HASH);
        // `exec --index 1` of docker compose means the replica with this label.
        given.remove(labels::NUMBER);
    }
    if !options.use_aliases {
        container.endpoints_mut().for_each(|endpoint| endpoint.aliases = None);
    }
    Ok(container)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::NO_OWNERS;
    use wharf_compose::Options;

    const VERSION: ApiVersion = ApiVersion { major: 1, minor: 44 };

    fn project() -> Project {
        let text = "\
services:
  web: {image: x, networks: {one: {priority: 2, aliases: [shop]}, two: {mac_address: 02:42:ac:11:00:02}}}
networks: {one: , two: }
";
        Project::load(&Options::from_text(text)).expect("the project can be loaded").project
    }

    #[test]
    fn a_service_that_the_project_does_not_have_is_an_error() {
        let refused = container(VERSION, (&project(), &NO_OWNERS), "db", "shop-db-run-1", RunOptions::default());
        let Err(Error::Refused(problems)) = refused else { panic!("expected a refusal") };
        assert_eq!(problems[0].message, "no such service: db");
    }

    #[test]
    fn a_container_of_run_is_known_as_one_and_has_no_number() {
        let (project, options) = (project(), RunOptions::default());
        let mut container =
            container(VERSION, (&project, &NO_OWNERS), "web", "run", options).expect("there is such a service");
        let given = container.body_mut().labels.clone().unwrap_or_default();
        assert_eq!(given.get(labels::ONE_OFF).map(String::as_str), Some("True"));
        assert_eq!((given.get(labels::NUMBER), given.get(labels::OWN_HASH)), (None, None));
    }

    #[test]
    fn a_container_of_run_is_not_reached_under_the_names_of_the_service_unless_asked_for() {
        let aliases = |use_aliases| {
            let options = RunOptions { use_aliases, auto_remove: false };
            let mut container =
                container(VERSION, (&project(), &NO_OWNERS), "web", "run", options).expect("there is such a service");
            container.endpoints_mut().map(|endpoint| endpoint.aliases.clone().unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(aliases(false), [Vec::<String>::new(), Vec::new()]);
        assert_eq!(aliases(true), [vec!["web", "shop"], vec!["web"]]);
    }
}
