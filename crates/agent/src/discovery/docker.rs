//! Discovers containers through the engine's roster.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use wharf_docker::container::{ContainerDetails, ContainerLog, ContainerStatus, inspect};
use wharf_docker::events::EngineEvent;
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Endpoint, Engine, NetworkDetails, Timestamp, list_networks, logs, raw_log};

use super::Labelling;
use super::meta::{self, Addressing};
use super::silence::{Look, Silence};
use crate::lines::files::Rotation;
use crate::position::{Moment, Position};
use crate::positions::Positions;
use crate::reader::{Command, Commands, From, Opened, Report};
use crate::target::Target;
use crate::targets::Targets;

/// The pause before a log whose connection broke is opened again.
const PAUSE: Duration = Duration::from_millis(500);
/// Engines are asked for the newest lines of this many containers at once.
const ASKED_AT_ONCE: usize = 8;
/// How long the engine may take to tell a container's newest line.
const ANSWER_TAKES: Duration = Duration::from_secs(10);
/// A resumed stream starts this much earlier, so that no line is lost if the clock was set back by less.
const CLOCK_MARGIN: i64 = 60 * 1_000_000_000;

/// How logs are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadFrom {
    /// From disk if that is possible, else through the engine.
    #[default]
    Auto,
    /// Only from disk.
    Files,
    /// Only through the engine.
    Engine,
}

/// The discovery of one engine's containers for one job.
#[derive(Debug, Clone)]
pub struct DockerJob {
    /// The job's number.
    pub job: usize,
    /// The prefix of its containers' position keys: `docker/`, or `docker/<job>/` if several jobs discover containers.
    pub prefix: String,
    /// The engine.
    pub endpoint: Endpoint,
    /// The engine's own filters (`label`, `name`, `network`, ...).
    pub filters: HashMap<String, Vec<String>>,
    /// Containers with this label and value are left out.
    pub without: Option<(String, String)>,
    /// How addresses are made.
    pub addressing: Addressing,
    /// How labels are made.
    pub labelling: Labelling,
    /// How logs are read.
    pub read_from: ReadFrom,
    /// How often to look for streams that have stalled.
    pub look_after: Duration,
}

/// The receivers of what a discovery finds.
#[derive(Debug, Clone)]
pub struct Told {
    /// The reader.
    pub commands: Commands,
    /// The positions.
    pub positions: Arc<Positions>,
    /// All targets.
    pub targets: Arc<Targets>,
}

/// Follows the containers of a job and never returns. `reports` come from the reader.
pub async fn follow(job: DockerJob, told: Told, mut reports: mpsc::Receiver<Report>) {
    let mut warned = false;
    let engine = Engine::connect_when_there(&job.endpoint, |error| {
        if !std::mem::replace(&mut warned, true) {
            tracing::warn!(%error, help = error.help(), "waiting for the engine");
        }
    })
    .await;
    let selection = Selection::with_filters(job.filters.clone());
    let mut changes = std::pin::pin!(roster::follow(engine.clone(), selection));
    let mut discovery = Discovery {
        job,
        told,
        engine,
        known: HashMap::new(),
        networks: HashMap::new(),
        opening: FuturesUnordered::new(),
        asking: FuturesUnordered::new(),
    };
    let mut looks = tokio::time::interval(discovery.job.look_after);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(change) => discovery.take(change).await,
                None => return,
            },
            Some((id, opened)) = discovery.opening.next() => discovery.opened(id, opened),
            Some(newest) = discovery.asking.next() => discovery.answered(newest),
            _ = looks.tick() => discovery.look(),
            Some(report) = reports.recv() => discovery.report(report),
        }
    }
}

/// The result of opening a container's log.
type Opening = BoxFuture<'static, (String, Result<raw_log::RawLog, wharf_docker::Error>)>;

/// The newest lines that the engine has of some containers.
type Asking = BoxFuture<'static, Vec<(String, Timestamp)>>;

struct Discovery {
    job: DockerJob,
    told: Told,
    engine: Engine,
    known: HashMap<String, Known>,
    networks: HashMap<String, NetworkDetails>,
    opening: FuturesUnordered<Opening>,
    asking: FuturesUnordered<Asking>,
}

/// A container that is a target.
#[derive(Debug)]
struct Known {
    target: Arc<Target>,
    running: bool,
    gone: bool,
    terminal: bool,
    /// The last line that was read from the engine's stream.
    stream: Option<StreamState>,
    silence: Silence,
}

#[derive(Debug, Clone, Copy)]
struct StreamState {
    open: bool,
    moment: Moment,
    /// Whether the container had already ended when the log was opened, so that no lines will follow.
    last: bool,
}

impl Discovery {
    fn key(&self, id: &str) -> Arc<str> {
        format!("{}{id}", self.job.prefix).into()
    }

    async fn take(&mut self, change: Change) {
        match change {
            Change::Happened(event) => self.happened(&event),
            Change::Current(container) => self.found(&container).await,
            Change::Gone(id) => self.gone(&id),
            Change::Reconnected => {
                let all: Vec<String> = self.known.keys().cloned().collect();
                all.iter().for_each(|id| self.leave_stream(id));
            }
            Change::Complete => self.forget_positions().await,
            Change::Clock(_) => {}
            Change::Failed(error) => tracing::debug!(%error, "the engine could not be asked"),
        }
    }

    /// Forgets the positions of containers that were removed while the agent was not running.
    async fn forget_positions(&mut self) {
        let Ok(all) = roster::list(&self.engine, &Selection::all()).await else { return };
        let all: BTreeSet<String> = all.into_iter().collect();
        let kept = self.told.positions.keys(&self.job.prefix).into_iter();
        let old = kept.filter(|key| {
            !all.contains(&key[self.job.prefix.len()..]) && !self.known.contains_key(&key[self.job.prefix.len()..])
        });
        self.told.positions.apply(old.map(|key| (Arc::from(key), None)).collect(), None);
    }

    fn happened(&mut self, event: &EngineEvent) {
        tracing::debug!(id = event.id, action = event.action, "event");
        match event.action.as_str() {
            "start" => self.started(&event.id),
            "die" => self.ended(&event.id),
            _ => {}
        }
    }

    /// Handles a start of a known container. An unknown container is reported with its state.
    fn started(&mut self, id: &str) {
        if let Some(known) = self.known.get_mut(id) {
            known.running = true;
            self.leave_stream(id);
            self.open_stream(id);
        }
    }

    fn ended(&mut self, id: &str) {
        if let Some(known) = self.known.get_mut(id) {
            known.running = false;
            self.told.commands.send(Command::Ended(known.target.key.clone()));
        }
    }

    fn gone(&mut self, id: &str) {
        if let Some(known) = self.known.get_mut(id) {
            (known.running, known.gone) = (false, true);
            self.told.commands.send(Command::Gone(known.target.key.clone()));
        }
    }

    /// Handles the current state of a container that passes the filters.
    async fn found(&mut self, container: &ContainerDetails) {
        let left_out =
            |(name, value): &(String, String)| container.labels.get(name).is_some_and(|found| found == value);
        if self.job.without.as_ref().is_some_and(left_out) {
            return;
        }
        let id = container.id.as_str();
        let running = container.state.running;
        let discovered = self.labels(container).await;
        if let Some(known) = self.known.get_mut(id) {
            let ended = known.running && !running;
            known.running = running;
            let renamed = known.target.discovered.get(meta::NAME) != discovered.get(meta::NAME);
            if renamed
                && let Some(target) = self.job.labelling.target(
                    known.target.key.clone(),
                    container.name.clone(),
                    self.job.job,
                    discovered,
                )
            {
                let target = Arc::new(target);
                known.target = target.clone();
                self.told.targets.insert(target.clone());
                self.told.commands.send(Command::Relabel(target));
            }
            if ended {
                self.ended(id);
            }
            return self.open_stream(id);
        }
        // A container that was never started has no log. The roster reports its start.
        if container.log.path.is_none() && !running && container.state.status == ContainerStatus::Created {
            return;
        }
        let name = container.name.clone();
        let Some(target) = self.job.labelling.target(self.key(id), name, self.job.job, discovered) else { return };
        self.add(container, Arc::new(target));
    }

    /// The labels of a container before relabelling. Queries networks that are not known yet, and the container whose
    /// network it shares.
    async fn labels(&mut self, container: &ContainerDetails) -> wharf_loki::Labels {
        let mut others = HashMap::new();
        if let Some(other) = container.network_mode.strip_prefix("container:")
            && let Ok(Some(found)) = inspect(&self.engine, other).await
        {
            others.insert(other.to_owned(), found);
        }
        let mut ids = container.networks.values().map(|network| &network.network_id).filter(|id| !id.is_empty());
        if ids.any(|id| !self.networks.contains_key(id))
            && let Ok(networks) = list_networks(&self.engine).await
        {
            self.networks.extend(networks.into_iter().map(|network| (network.id.clone(), network)));
        }
        meta::labels(container, &others, &self.networks, &self.job.addressing)
    }

    fn add(&mut self, container: &ContainerDetails, target: Arc<Target>) {
        let id = container.id.as_str();
        let position =
            self.told.positions.get(&target.key).or_else(|| self.told.positions.get(&format!("docker/{id}")));
        let path = if self.job.read_from == ReadFrom::Engine { None } else { log_on_disk(&container.log) };
        let running = container.state.running;
        let terminal = container.terminal;
        let known =
            Known { target: target.clone(), running, gone: false, terminal, stream: None, silence: Silence::default() };
        self.known.insert(id.to_owned(), known);
        self.told.targets.insert(target.clone());
        match path {
            Some(path) => {
                let rotation = rotation(&container.log);
                self.told.commands.send(Command::Add(target.clone(), From::Records(path, rotation), position));
            }
            None if self.job.read_from == ReadFrom::Files => {
                let driver = container.log.driver.as_str();
                tracing::warn!(
                    container = target.name,
                    driver,
                    "not read: its log is not on disk here, and `--read files` does not ask the engine"
                );
                target
                    .state
                    .fail(format!("its log (driver {driver}) is not on disk here, and the engine is not asked"));
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

    /// Closes a stream of an earlier run, because an engine that was restarted does not continue it.
    fn leave_stream(&self, id: &str) {
        let Some(known) = self.known.get(id) else { return };
        if known.stream.is_some_and(|stream| stream.open) {
            self.told.commands.send(Command::Detach(known.target.key.clone()));
        }
    }

    /// Opens the engine's stream unless it is open.
    fn open_stream(&mut self, id: &str) {
        let Some(known) = self.known.get_mut(id) else { return };
        let Some(stream) = known.stream.as_mut().filter(|stream| !stream.open) else { return };
        stream.open = true;
        stream.last = !known.running;
        let (moment, follow) = (stream.moment, known.running);
        let since = (moment.lines_at_time > 0).then(|| Timestamp((moment.time - CLOCK_MARGIN).max(0)));
        let (engine, id) = (self.engine.clone(), id.to_owned());
        let open = async move {
            let opened = raw_log::open(&engine, &id, since, follow).await;
            if opened.as_ref().is_err_and(|error| error.status().is_none()) {
                tokio::time::sleep(PAUSE).await;
            }
            (id, opened)
        };
        self.opening.push(open.boxed());
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
                // The engine would give the same answer again, so only a broken connection is retried.
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

    /// Looks for streams that have stalled: opens them again, or asks the engine whether it has newer lines.
    fn look(&mut self) {
        let (mut stalled, mut silent) = (Vec::new(), Vec::new());
        for (id, known) in &mut self.known {
            let state = &known.target.state;
            let follows = known.running && known.stream.is_some_and(|stream| stream.open && !stream.last);
            if !follows || state.waits.load(Ordering::Relaxed) {
                continue;
            }
            match known.silence.look(state.lines.load(Ordering::Relaxed), state.last.load(Ordering::Relaxed)) {
                Look::Fine => {}
                Look::Ask => silent.push(id.clone()),
                Look::OpenAgain => {
                    tracing::warn!(
                        container = known.target.name,
                        "the engine's stream has stalled: it is opened again"
                    );
                    stalled.push(id.clone());
                }
            }
        }
        stalled.iter().for_each(|id| self.leave_stream(id));
        if !silent.is_empty() && self.asking.is_empty() {
            let engine = self.engine.clone();
            let asked = futures_util::stream::iter(silent).map(move |id| {
                let engine = engine.clone();
                async move {
                    let newest = tokio::time::timeout(ANSWER_TAKES, newest_line(&engine, &id)).await;
                    newest.ok().flatten().map(|time| (id, time))
                }
            });
            let asked = asked.buffer_unordered(ASKED_AT_ONCE).filter_map(std::future::ready);
            self.asking.push(asked.collect().boxed());
        }
    }

    fn answered(&mut self, newest: Vec<(String, Timestamp)>) {
        for (id, time) in newest {
            if let Some(known) = self.known.get_mut(&id) {
                known.silence.answered(time.0);
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

/// The time of a container's newest line. The engine finds it without reading the whole log.
async fn newest_line(engine: &Engine, id: &str) -> Option<Timestamp> {
    let range = logs::Range { tail: Some(1), ..logs::Range::default() };
    let mut lines = std::pin::pin!(logs::read(engine, id, &range));
    let mut newest = None;
    while let Some(Ok(line)) = lines.next().await {
        newest = newest.max(Some(line.time));
    }
    newest
}

/// The engine's log file, if there is one.
fn log_on_disk(log: &ContainerLog) -> Option<PathBuf> {
    let path = log.path.clone().filter(|_| log.driver == "json-file")?;
    path.parent()?.exists().then_some(path)
}

/// `max-size` and `max-file` of the engine's log driver.
fn rotation(log: &ContainerLog) -> Option<Rotation> {
    let size = crate::config::units::bytes(log.options.get("max-size")?)?;
    let files = log.options.get("max-file").and_then(|files| files.parse().ok()).unwrap_or(1);
    Some(Rotation { files, size })
}
