//! Plans read like a story: what is there, what the file says, what is done about it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod changes;
mod down;
mod handover;
mod hooks;
mod images;
mod providers;
mod pushes;
mod refused;
mod repair;
mod settings;
mod twin_networks;
mod up;
mod verbs;

use std::collections::BTreeMap;

use wharf_compose::Project;
use wharf_compose::model::{
    Build, Condition, Dependency, Healthcheck, Hook, Network, Port, PullPolicy, Service, Volume,
};
use wharf_docker::Timestamp;
use wharf_orchestrator::observe::{Container, ForeignPort, Health, Image, NetworkAttachment, Observed, State};
use wharf_orchestrator::plan::{
    self, ContainerAct, ContainerStep, DownOptions, ImageAct, ImageOptions, ImageStep, NetworkAct, NetworkStep, Only,
    Recreate, RemoveOptions, RestartOptions, Step, UpOptions,
};
use wharf_orchestrator::{Difference, Error, observe, service_hash};
/// web (two replicas) waits for a healthy db, both on the default network.
fn shop() -> Project {
    let on_default = || [("default".to_owned(), None)].into_iter().collect();
    let healthy = Dependency { condition: Condition::Healthy, restart: false, required: true };
    let db = Service {
        image: Some("postgres:15".into()),
        networks: on_default(),
        healthcheck: Some(Healthcheck { test: vec!["CMD".into(), "pg_isready".into()], ..Healthcheck::default() }),
        ..Service::default()
    };
    let web = Service {
        image: Some("shop/web".into()),
        networks: on_default(),
        depends_on: [("db".to_owned(), healthy)].into_iter().collect(),
        scale: Some(2),
        ..Service::default()
    };
    Project {
        name: "shop".into(),
        services: BTreeMap::from([("db".into(), db), ("web".into(), web)]),
        networks: BTreeMap::from([("default".into(), Network { name: "shop_default".into(), ..Network::default() })]),
        ..Project::default()
    }
}

fn images() -> BTreeMap<String, Image> {
    let image = |id: &str| Image { id: id.into(), ..Image::default() };
    BTreeMap::from([("postgres:15".into(), image("sha256:db")), ("shop/web".into(), image("sha256:web"))])
}

fn network() -> observe::Network {
    observe::Network {
        id: "n1".into(),
        name: "shop_default".into(),
        project: Some("shop".into()),
        key: Some("default".into()),
        changed: None,
        ..observe::Network::default()
    }
}

fn attached(network: &observe::Network) -> NetworkAttachment {
    NetworkAttachment { network_id: network.id.clone(), ..NetworkAttachment::default() }
}

/// A replica that runs as the file says.
fn running(project: &Project, service: &str, number: u32) -> Container {
    let definition = &project.services[service];
    Container {
        id: format!("{service}{number}000000000000"),
        name: format!("shop-{service}-{number}"),
        project: "shop".into(),
        service: service.into(),
        number,
        hash: Some(service_hash(project, definition)),
        image_id: images()[definition.image.as_deref().unwrap()].id.clone(),
        state: State::Running,
        health: definition.healthcheck.as_ref().map(|_| Health::Healthy),
        networks: definition.networks.keys().map(|key| (format!("shop_{key}"), attached(&network()))).collect(),
        ..Container::default()
    }
}

fn all_running(project: &Project) -> Observed {
    Observed {
        containers: vec![running(project, "db", 1), running(project, "web", 1), running(project, "web", 2)],
        networks: vec![network()],
        images: images(),
        ..Observed::default()
    }
}

fn nothing() -> Observed {
    Observed { images: images(), ..Observed::default() }
}

fn up(project: &Project, observed: &Observed, options: &UpOptions) -> String {
    plan::up(project, observed, options).unwrap().to_string()
}

fn refusals(result: Result<plan::Plan, Error>) -> String {
    match result {
        Err(Error::Refused(problems)) => {
            let lines = problems
                .iter()
                .map(|problem| format!("{}\n  {}", problem.message, problem.help.as_deref().unwrap_or("")));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A container that `run` made.
fn one_off(project: &Project, service: &str, state: State) -> Container {
    let name = format!("shop-{service}-run-1");
    Container { id: name.clone(), name, one_off: true, state, ..running(project, service, 1) }
}
