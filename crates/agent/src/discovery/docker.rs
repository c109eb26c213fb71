//! Containers, by the engine's events.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, EventMessage, Network};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder, ListNetworksOptions};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use wharf_docker::events::{self, Turn};
use wharf_docker::names::bare_name;
use wharf_docker::{Endpoint, Engine, raw_log, unless_gone};

use super::Labelling;
use super::meta::{self, Addressing};
use crate::position::{Moment, Position};
use crate::positions::Positions;
use crate::read::files::Rotation;
use crate::reader::{Command, Commands, From, Opened, Report};
use crate::target::Target;
use crate::targets::Targets;

/// How many containers are asked for at the same time.
const AT_ONCE: usize = 16;
/// Before the engine is asked again.
const PAUSE: Duration = Duration::from_millis(500);
/// The clock may have been set back by as much without a line being left out when a stream is resumed.
const CLOCK_MARGIN: i64 = 60 * 1_000_000_000;

/// How logs are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadFrom {
    /// From disk where it may, else through the engine.
    #[default]
    Auto,
    /// From disk alone.
    Files,
    /// Through the engine alone.
    Engine,
}

/// Containers of one engine for one job.
#[derive(Debug, Clone)]
pub struct DockerJob {
    /// The job's number.
    pub job: usize,
    /// What the positions of its containers are kept under: `docker/`, or `docker/<job>/` where several jobs have some.
    pub prefix: String,
    /// The engine.
    pub endpoint: Endpoint,
    /// The engine's own filters (`label`, `name`, `network`, ...).
    pub filters: HashMap<String, Vec<String>>,
    /// A label that leaves a container out, with its value.
    pub without: Option<(String, String)>,
    /// What addresses are made of.
    pub addressing: Addressing,
    /// What labels are made of.
    pub labelling: Labelling,
    /// How logs are read.
    pub read_from: ReadFrom,
}

/// Whom a discovery tells.
#[derive(Debug, Clone)]
pub struct Told {
    /// The reader.
    pub commands: Commands,
    /// The positions.
    pub positions: Arc<Positions>,
    /// All targets.
    pub targets: Arc<Targets>,
}

/// Follows the containers of a job, for ever. `reports` are what the reader tells.
pub async fn follow(job: DockerJob, told: Told, mut reports: mpsc::Receiver<Report>) {
    let engine = connected(&job.endpoint).await;
    let mut discovery = Discovery {
        job,
        told,
        engine: engine.clone(),
        known: HashMap::new(),
        looking: HashMap::new(),
        networks: HashMap::new(),
        lookups: FuturesUnordered::new(),
        waiting: Vec::new(),
    };
    let since = loop {
        match events::now(&engine).await {
            Ok(now) => break now,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    };
    let kinds = [("type", vec!["container"]), ("event", vec!["start", "die", "destroy", "rename"])];
    let kinds = kinds.map(|(name, values)| (name.to_owned(), values.into_iter().map(str::to_owned).collect()));
    let mut events = Box::pin(events::follow_events(engine, HashMap::from(kinds), since));
    discovery.look_at_all().await;
    loop {
        tokio::select! {
            turn = events.next() => match turn {
                Some(Turn::Event(event)) => discovery.event(&event),
                Some(Turn::Reconnected) => discovery.look_at_all().await,
                None => return,
            },
            Some(outcome) = discovery.lookups.next() => discovery.outcome(outcome).await,
            Some(report) = reports.recv() => discovery.report(report),
        }
    }
}

async fn connected(endpoint: &Endpoint) -> Engine {
    let mut told = false;
    loop {
        match Engine::connect(endpoint).await {
            Ok(engine) => return engine,
            Err(error) if !told => {
                tracing::warn!(%error, help = error.help(), "waiting for the engine");
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

struct Discovery {
    job: DockerJob,
    told: Told,
    engine: Engine,
    known: HashMap<String, Known>,
    /// Containers that are asked for, and what happened to them meanwhile.
    looking: HashMap<String, Meanwhile>,
    networks: HashMap<String, Network>,
    lookups: FuturesUnordered<tokio::task::JoinHandle<Outcome>>,
    /// Containers to ask for when there is room.
    waiting: Vec<String>,
}

/// A container that is a target.
#[derive(Debug)]
struct Known {
    target: Arc<Target>,
    running: bool,
    gone: bool,
    terminal: bool,
    /// For the engine's stream: what was read last.
    stream: Option<StreamState>,
}

#[derive(Debug, Clone, Copy)]
struct StreamState {
    open: bool,
    moment: Moment,
    /// It was opened when the container had ended already: nothing can come after it.
    last: bool,
}

#[derive(Debug, Default)]
struct Meanwhile {
    ended: bool,
    gone: bool,
    again: bool,
}

enum Outcome {
    /// Some containers, looked at.
    Looked {
        id: String,
        found: Option<Box<(ContainerSummary, ContainerInspectResponse)>>,
        networks: Option<Vec<Network>>,
        failed: bool,
    },
    Opened {
        id: String,
        opened: Result<raw_log::RawLog, wharf_docker::Error>,
    },
}

impl Discovery {
    fn key(&self, id: &str) -> Arc<str> {
        format!("{}{id}", self.job.prefix).into()
    }

    /// Finds what is there now, and what is not there any more.
    async fn look_at_all(&mut self) {
        let listed = loop {
            match list(&self.engine, &self.job.filters, None).await {
                Ok(listed) => break listed,
                Err(error) => {
                    tracing::debug!(%error, "cannot list containers");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        tracing::debug!(containers = listed.len(), "looked at all containers");
        let here: HashMap<String, ContainerSummary> =
            listed.into_iter().filter_map(|container| Some((container.id.clone()?, container))).collect();
        let lost: Vec<String> = self.known.keys().filter(|id| !here.contains_key(*id)).cloned().collect();
        for id in lost {
            self.gone(&id);
        }
        for id in here.into_keys() {
            self.leave_stream(&id);
            self.look(id);
        }
        self.forget_positions().await;
    }

    /// Positions of containers that went while nobody looked.
    async fn forget_positions(&self) {
        let Ok(all) = list(&self.engine, &HashMap::new(), None).await else { return };
        let all: std::collections::HashSet<String> = all.into_iter().filter_map(|container| container.id).collect();
        let kept = self.told.positions.keys(&self.job.prefix).into_iter();
        let old = kept.filter(|key| {
            !all.contains(&key[self.job.prefix.len()..]) && !self.known.contains_key(&key[self.job.prefix.len()..])
        });
        self.told.positions.apply(old.map(|key| (Arc::from(key), None)).collect(), None);
    }

    fn event(&mut self, event: &EventMessage) {
        let Some(id) = event.actor.as_ref().and_then(|actor| actor.id.clone()) else { return };
        tracing::debug!(id, action = event.action, "event");
        match event.action.as_deref() {
            Some("start") => self.started(id),
            Some("rename") => self.look(id),
            Some("die") => self.ended(&id),
            Some("destroy") => self.gone(&id),
            _ => {}
        }
    }

    fn started(&mut self, id: String) {
        if let Some(known) = self.known.get_mut(&id) {
            known.running = true;
            self.leave_stream(&id);
            return self.open_stream(&id);
        }
        self.look(id);
    }

    fn ended(&mut self, id: &str) {
        if let Some(meanwhile) = self.looking.get_mut(id) {
            meanwhile.ended = true;
        }
        if let Some(known) = self.known.get_mut(id) {
            known.running = false;
            self.told.commands.send(Command::Ended(known.target.key.clone()));
        }
    }

    fn gone(&mut self, id: &str) {
        if let Some(meanwhile) = self.looking.get_mut(id) {
            meanwhile.gone = true;
        }
        if let Some(known) = self.known.get_mut(id) {
            (known.running, known.gone) = (false, true);
            self.told.commands.send(Command::Gone(known.target.key.clone()));
        }
    }

    /// Asks for a container, unless that is under way.
    fn look(&mut self, id: String) {
        if let Some(meanwhile) = self.looking.get_mut(&id) {
            meanwhile.again = true;
            return;
        }
        if self.lookups.len() >= AT_ONCE {
            return self.waiting.push(id);
        }
        self.looking.insert(id.clone(), Meanwhile::default());
        let (engine, filters) = (self.engine.clone(), self.job.filters.clone());
        let known_networks: Vec<String> = self.networks.keys().cloned().collect();
        self.lookups.push(tokio::spawn(async move {
            let (listed, inspected) = tokio::join!(
                list(&engine, &filters, Some(&id)),
                engine.docker().inspect_container(&id, None::<InspectContainerOptions>)
            );
            let inspected = unless_gone(inspected);
            let failed = listed.is_err() || inspected.is_err();
            if failed {
                tokio::time::sleep(PAUSE).await;
            }
            let summary = listed.ok().and_then(|listed| listed.into_iter().next());
            let found = summary.zip(inspected.ok().flatten()).map(Box::new);
            let unknown = found.as_ref().is_some_and(|found| {
                let networks = found.0.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
                networks
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, endpoint)| endpoint.network_id.as_ref())
                    .any(|id| !known_networks.contains(id))
            });
            let networks = match unknown {
                true => engine.docker().list_networks(None::<ListNetworksOptions>).await.ok(),
                false => None,
            };
            Outcome::Looked { id, found, networks, failed }
        }));
    }

    async fn outcome(&mut self, outcome: Result<Outcome, tokio::task::JoinError>) {
        if let Some(next) = self.waiting.pop() {
            self.look(next);
        }
        match outcome {
            Ok(Outcome::Looked { id, found, networks, failed }) => {
                for network in networks.into_iter().flatten() {
                    self.networks.insert(network.id.clone().unwrap_or_default(), network);
                }
                let meanwhile = self.looking.remove(&id).unwrap_or_default();
                if let Some(found) = found {
                    self.found(&id, &found.0, &found.1).await;
                }
                if meanwhile.ended {
                    self.ended(&id);
                }
                if meanwhile.gone {
                    if !self.known.contains_key(&id) {
                        tracing::debug!(id, "a container was gone before it could be looked at");
                    }
                    self.gone(&id);
                } else if meanwhile.again || failed {
                    self.look(id);
                }
            }
            Ok(Outcome::Opened { id, opened }) => self.opened(id, opened),
            Err(_) => {}
        }
    }

    /// A container that the filters let through.
    async fn found(&mut self, id: &str, summary: &ContainerSummary, inspected: &ContainerInspectResponse) {
        let left_out = |(name, value): &(String, String)| {
            summary.labels.as_ref().and_then(|labels| labels.get(name)).is_some_and(|found| found == value)
        };
        if self.job.without.as_ref().is_some_and(left_out) {
            return;
        }
        let mut others = HashMap::new();
        let mode = summary.host_config.as_ref().and_then(|host| host.network_mode.as_deref()).unwrap_or_default();
        if let Some(other) = mode.strip_prefix("container:")
            && let Ok(listed) = list(&self.engine, &HashMap::new(), Some(other)).await
        {
            others.extend(listed.into_iter().map(|container| (other.to_owned(), container)));
        }
        let discovered = meta::labels(summary, &others, &self.networks, &self.job.addressing);
        let name = bare_name(discovered.get("__meta_docker_container_name").unwrap_or_default()).to_owned();
        let running = inspected.state.as_ref().and_then(|state| state.running).unwrap_or(false);
        let begun = inspected.log_path.as_deref().is_some_and(|path| !path.is_empty());
        if let Some(known) = self.known.get_mut(id) {
            known.running = running;
            let renamed = known.target.discovered.get("__meta_docker_container_name")
                != discovered.get("__meta_docker_container_name");
            if renamed
                && let Some(target) =
                    self.job.labelling.target(known.target.key.clone(), name, self.job.job, discovered)
            {
                let target = Arc::new(target);
                known.target = target.clone();
                self.told.targets.insert(target.clone());
                self.told.commands.send(Command::Relabel(target));
            }
            return self.open_stream(id);
        }
        // One that was never started has no log; its start is told.
        if !begun
            && !running
            && inspected.state.as_ref().and_then(|state| state.status) == Some(ContainerStateStatusEnum::CREATED)
        {
            return;
        }
        let Some(target) = self.job.labelling.target(self.key(id), name, self.job.job, discovered) else { return };
        self.add(id, Arc::new(target), inspected, running);
    }

    fn add(&mut self, id: &str, target: Arc<Target>, inspected: &ContainerInspectResponse, running: bool) {
        let position =
            self.told.positions.get(&target.key).or_else(|| self.told.positions.get(&format!("docker/{id}")));
        let terminal = inspected.config.as_ref().and_then(|config| config.tty).unwrap_or(false);
        let path = if self.job.read_from == ReadFrom::Engine { None } else { log_on_disk(inspected) };
        let known = Known { target: target.clone(), running, gone: false, terminal, stream: None };
        self.known.insert(id.to_owned(), known);
        self.told.targets.insert(target.clone());
        match path {
            Some(path) => {
                let rotation = rotation(inspected);
                self.told.commands.send(Command::Add(target.clone(), From::Records(path, rotation), position));
            }
            None if self.job.read_from == ReadFrom::Files => {
                target.state.fail("its log is not on disk here, and the engine is not to be asked".to_owned());
            }
            None => self.read_through_engine(id, position),
        }
        if !running {
            self.told.commands.send(Command::Ended(target.key.clone()));
        }
    }

    fn read_through_engine(&mut self, id: &str, position: Option<Position>) {
        let Some(known) = self.known.get_mut(id) else { return };
        let moment = position.as_ref().map(|position| position.moment).unwrap_or_default();
        known.stream = Some(StreamState { open: false, moment, last: false });
        self.told.commands.send(Command::Add(known.target.clone(), From::Engine, position));
        if !known.running {
            self.told.commands.send(Command::Ended(known.target.key.clone()));
        }
        self.open_stream(id);
    }

    /// Leaves a stream of a run before: an engine that was started again does not go on with it.
    fn leave_stream(&self, id: &str) {
        let Some(known) = self.known.get(id) else { return };
        if known.stream.is_some_and(|stream| stream.open) {
            self.told.commands.send(Command::Detach(known.target.key.clone()));
        }
    }

    /// Opens the engine's stream, unless it is open.
    fn open_stream(&mut self, id: &str) {
        let Some(known) = self.known.get_mut(id) else { return };
        let Some(stream) = known.stream.as_mut().filter(|stream| !stream.open) else { return };
        stream.open = true;
        stream.last = !known.running;
        let (moment, follow) = (stream.moment, known.running);
        let since = (moment.lines_at_time > 0).then(|| events::Moment((moment.time - CLOCK_MARGIN).max(0)));
        let (engine, id) = (self.engine.clone(), id.to_owned());
        self.lookups.push(tokio::spawn(async move {
            let opened = raw_log::open(&engine, &id, since, follow).await;
            if opened.as_ref().is_err_and(|error| error.status().is_none()) {
                tokio::time::sleep(PAUSE).await;
            }
            Outcome::Opened { id, opened }
        }));
    }

    fn opened(&mut self, id: String, opened: Result<raw_log::RawLog, wharf_docker::Error>) {
        tracing::debug!(id, error = opened.as_ref().err().map(tracing::field::display), "opened a log");
        let Some(known) = self.known.get_mut(&id) else { return };
        let Some(stream) = &mut known.stream else { return };
        match opened {
            Ok(raw) => {
                let terminal = known.terminal && !raw.always_framed;
                let opened = Opened { socket: Box::new(raw.socket), begun: raw.begun, terminal, after: stream.moment };
                self.told.commands.send(Command::Attach(known.target.key.clone(), opened));
            }
            Err(error) => {
                known.target.state.fail(error.engine_message());
                stream.open = false;
                // What the engine said it says again; only a broken connection is tried once more.
                if error.status().is_none() {
                    self.open_stream(&id);
                } else {
                    tracing::warn!(
                        container = known.target.name,
                        error = error.engine_message(),
                        "the engine does not give this log"
                    );
                }
            }
        }
    }

    fn report(&mut self, report: Report) {
        let (Report::CannotOpen { key, .. } | Report::StreamEnded { key, .. } | Report::Finished { key }) = &report;
        let Some(id) = key.strip_prefix(self.job.prefix.as_str()).map(str::to_owned) else { return };
        match report {
            Report::CannotOpen { error, .. } => self.cannot_open(&id, &error),
            Report::StreamEnded { moment, .. } => {
                let Some(known) = self.known.get_mut(&id) else { return };
                let Some(stream) = &mut known.stream else { return };
                (stream.open, stream.moment) = (false, moment);
                if !known.gone && (known.running || !stream.last) {
                    self.open_stream(&id);
                }
            }
            Report::Finished { key } => {
                self.known.remove(&id);
                self.told.targets.remove(&key);
            }
        }
    }

    fn cannot_open(&mut self, id: &str, error: &std::io::Error) {
        let Some(known) = self.known.get(id) else { return };
        if self.job.read_from == ReadFrom::Files {
            known.target.state.fail(format!("its log cannot be opened: {error}"));
            tracing::error!(container = known.target.name, %error, "the log cannot be opened on disk");
            return;
        }
        tracing::info!(container = known.target.name, %error, "the log cannot be read on disk: it is read through the engine");
        let position = self.told.positions.get(&known.target.key);
        let position = position.map(|position| Position { file: None, ..position });
        self.read_through_engine(id, position);
    }
}

/// Lists containers, also those that have stopped.
async fn list(
    engine: &Engine,
    filters: &HashMap<String, Vec<String>>,
    id: Option<&str>,
) -> Result<Vec<ContainerSummary>, bollard::errors::Error> {
    let mut filters = filters.clone();
    if let Some(id) = id {
        filters.insert("id".to_owned(), vec![id.to_owned()]);
    }
    engine.docker().list_containers(Some(ListContainersOptionsBuilder::new().all(true).filters(&filters).build())).await
}

/// The file of the engine's records, if there is one.
fn log_on_disk(inspected: &ContainerInspectResponse) -> Option<PathBuf> {
    let config = inspected.host_config.as_ref()?.log_config.as_ref()?;
    if config.typ.as_deref() != Some("json-file") {
        return None;
    }
    let path = inspected.log_path.as_deref().filter(|path| !path.is_empty())?;
    Path::new(path).parent()?.exists().then(|| PathBuf::from(path))
}

/// `max-size` and `max-file` of the engine's log driver.
fn rotation(inspected: &ContainerInspectResponse) -> Option<Rotation> {
    let config = inspected.host_config.as_ref()?.log_config.as_ref()?.config.as_ref()?;
    let size = crate::config::units::bytes(config.get("max-size")?)?;
    let files = config.get("max-file").and_then(|files| files.parse().ok()).unwrap_or(1);
    Some(Rotation { files, size })
}
