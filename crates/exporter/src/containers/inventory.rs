//! The containers that there are: listed and inspected once, then kept up by the engine's events.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wharf_docker::events::{Moment, Turn, now};
use wharf_docker::{Endpoint, Engine, Error, follow_events, unless_gone};

use super::container::Container;

/// Events after which a container is another one; what health checks and `exec` do is left out by the engine.
const EVENTS: [&str; 11] = [
    "start",
    "die",
    "destroy",
    "pause",
    "unpause",
    "rename",
    "update",
    "health_status",
    "oom",
    "connect",
    "disconnect",
];
/// Pauses before the engine is asked again, the last one from then on.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(10)];
/// So many containers are inspected at a time.
const AT_A_TIME: usize = 8;

/// What is known of the engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inventory {
    /// By id.
    pub(crate) containers: BTreeMap<String, Arc<Container>>,
    /// The engine, once it has answered.
    pub(crate) engine: Option<Engine>,
    /// Where the engine keeps its files.
    pub(crate) root_folder: Option<String>,
    /// Why the containers may be others by now.
    pub(crate) error: Option<String>,
}

/// Keeps `inventory` up to date until `stop`. Without an engine it waits for one.
pub(crate) async fn follow(
    endpoint: Endpoint,
    keep: impl Fn(&str) -> bool + Send,
    inventory: watch::Sender<Inventory>,
    stop: CancellationToken,
) {
    let mut follower = Follower { keep, inventory, oom_events: HashMap::new() };
    stop.run_until_cancelled(follower.run(endpoint)).await;
}

struct Follower<K> {
    keep: K,
    inventory: watch::Sender<Inventory>,
    oom_events: HashMap<String, u64>,
}

impl<K: Fn(&str) -> bool + Send> Follower<K> {
    async fn run(&mut self, endpoint: Endpoint) {
        let (engine, since) = self.first_answer(&endpoint).await;
        let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let filters = HashMap::from([
            ("type".to_owned(), strings(&["container", "network"])),
            ("event".to_owned(), strings(&EVENTS)),
        ]);
        let mut events = std::pin::pin!(follow_events(engine.clone(), filters, since));
        while let Some(turn) = events.next().await {
            let outcome = match turn {
                Turn::Event(event) => {
                    let actor = event.actor.unwrap_or_default();
                    let of_network = actor.attributes.unwrap_or_default().remove("container");
                    match of_network.or(actor.id) {
                        Some(id) => self.changed(&engine, &id, event.action.as_deref().unwrap_or_default()).await,
                        None => Ok(()),
                    }
                }
                Turn::Reconnected => self.list(&engine).await,
            };
            if let Err(error) = outcome {
                self.failed(error);
            }
        }
    }

    /// Connects and lists, again and again until both went well.
    async fn first_answer(&mut self, endpoint: &Endpoint) -> (Engine, Moment) {
        let mut pauses = PAUSES.into_iter();
        let mut pause = PAUSES[0];
        loop {
            let answer = async {
                let engine = Engine::connect(endpoint).await?;
                let since = now(&engine).await?;
                let info = engine.docker().info().await?;
                self.inventory.send_modify(|inventory| inventory.root_folder = info.docker_root_dir);
                self.list(&engine).await?;
                Ok::<_, Error>((engine, since))
            };
            match answer.await {
                Ok(answer) => return answer,
                Err(error) => self.failed(error),
            }
            pause = pauses.next().unwrap_or(pause);
            tokio::time::sleep(pause).await;
        }
    }

    fn failed(&self, error: Error) {
        let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
        self.inventory.send_modify(|inventory| inventory.error = Some(format!("{error}{help}")));
    }

    async fn list(&mut self, engine: &Engine) -> Result<(), Error> {
        let all = ListContainersOptionsBuilder::new().all(true).build();
        let listed = engine.docker().list_containers(Some(all)).await?;
        let ids: Vec<String> = listed.into_iter().filter_map(|container| container.id).collect();
        let inspections = ids.into_iter().map(|id| async move { inspect(engine, &id).await });
        let inspected: Vec<_> = stream::iter(inspections).buffer_unordered(AT_A_TIME).collect().await;
        let mut containers = BTreeMap::new();
        for answer in inspected {
            let container = answer?.and_then(|inspected| Container::new(inspected, &self.keep));
            if let Some(container) = container.map(|container| self.with_oom_events(container)) {
                containers.insert(container.id.clone(), Arc::new(container));
            }
        }
        self.oom_events.retain(|id, _| containers.contains_key(id));
        self.inventory.send_modify(|inventory| {
            inventory.containers = containers;
            inventory.engine = Some(engine.clone());
            inventory.error = None;
        });
        Ok(())
    }

    async fn changed(&mut self, engine: &Engine, id: &str, action: &str) -> Result<(), Error> {
        if action == "oom" {
            *self.oom_events.entry(id.to_owned()).or_default() += 1;
        }
        let inspected = match action {
            "destroy" => None,
            _ => inspect(engine, id).await?,
        };
        let container = inspected.and_then(|inspected| Container::new(inspected, &self.keep));
        let container = container.map(|container| self.with_oom_events(container));
        if container.is_none() {
            self.oom_events.remove(id);
        }
        self.inventory.send_modify(|inventory| {
            inventory.error = None;
            match container {
                Some(container) => inventory.containers.insert(container.id.clone(), Arc::new(container)),
                None => inventory.containers.remove(id),
            };
        });
        Ok(())
    }

    fn with_oom_events(&self, mut container: Container) -> Container {
        container.oom_events = self.oom_events.get(&container.id).copied().unwrap_or(0);
        container
    }
}

/// None when the container has gone in between.
async fn inspect(engine: &Engine, id: &str) -> Result<Option<bollard::models::ContainerInspectResponse>, Error> {
    Ok(unless_gone(engine.docker().inspect_container(id, None::<InspectContainerOptions>).await)?)
}
