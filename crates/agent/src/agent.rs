//! The agent as a whole: discovery, reader, delivery and pages, from start to end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wharf_docker::{Endpoint, EndpointChoice};

use crate::batch::Batch;
use crate::budget::{Account, Budget};
use crate::config::{Config, DockerFrom, Job};
use crate::delivery::{Client, ClientError, Delivery};
use crate::discovery::docker::{DockerJob, ReadFrom, Told};
use crate::discovery::files::FilesJob;
use crate::discovery::{Labelling, docker, files};
use crate::metrics::Metrics;
use crate::pages::{self, Pages};
use crate::positions::{Positions, PositionsError};
use crate::reader::{BatchSink, Command, Commands, Limits, Reader, Report, Reports};
use crate::spool::Spool;
use crate::targets::Targets;
use crate::wake::Waker;

/// At shutdown, lines in flight have this long to arrive. The others are read again at the next start.
const LAST_MOMENTS: Duration = Duration::from_secs(5);
/// What is shown on a terminal is shown soon.
const TAIL_WAIT: Duration = Duration::from_millis(100);
/// Removed files are held open for at most this many unread bytes a target.
const HELD_BYTES: u64 = 256 << 20;
/// How often to look for streams of the engine that have stalled.
const LOOK_AFTER: Duration = Duration::from_secs(20);
/// Reports that may wait for a discovery.
const REPORTS: usize = 1024;

/// What is not part of Promtail's configuration.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How containers' logs are read.
    pub read_from: ReadFrom,
    /// The engine of jobs that name none.
    pub engine: EndpointChoice,
    /// The environment that engines are found by.
    pub environment: BTreeMap<String, String>,
    /// A folder for batches that no endpoint takes, and its limit in bytes.
    pub spool: Option<(PathBuf, u64)>,
    /// What clients of the pages may take.
    pub limits: wharf_serve::Limits,
}

/// Why the agent cannot run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The engine's address is invalid.
    #[error(transparent)]
    Engine(#[from] wharf_docker::Error),
    /// An endpoint's client cannot be made.
    #[error("client {name}: {error}")]
    Client {
        /// The endpoint's name.
        name: String,
        /// Why not.
        error: ClientError,
    },
    /// The positions file.
    #[error(transparent)]
    Positions(#[from] PositionsError),
    /// The spool's folder.
    #[error("spool {}: {error}", folder.display())]
    Spool {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The pages' address.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// Two metrics of stages, or of ours, have one name.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system's limits.
    #[error("cannot start to read: {0}")]
    Reader(std::io::Error),
    /// The reader panicked; it has said why.
    #[error("the reader ended: start the agent again, and it continues from its positions")]
    ReaderEnded,
}

/// Runs until `stop` is cancelled. Lines that are under way then have five seconds to arrive.
///
/// # Errors
///
/// What keeps the agent from starting; nothing ends it later.
pub async fn run(mut config: Config, options: Options, stop: CancellationToken) -> Result<(), AgentError> {
    let metrics = Metrics::new()?;
    let clients = config.clients.iter().map(|client| {
        let made = Client::new(client.clone());
        made.map(Arc::new).map_err(|error| AgentError::Client { name: client.name.clone(), error })
    });
    let clients: Vec<Arc<Client>> = clients.collect::<Result<_, _>>()?;
    let targets = Arc::new(Targets::default());
    let waker = Waker::new().map_err(AgentError::Reader)?;
    let positions = Positions::load(config.positions.clone(), targets.clone(), waker.clone())?;
    let open = |(folder, limit): &(PathBuf, u64)| {
        Spool::open(folder, *limit).map_err(|error| AgentError::Spool { folder: folder.clone(), error })
    };
    let spool = options.spool.as_ref().map(open).transpose()?;
    let budget = Budget::new(config.limits.memory);
    let listener = match config.listen {
        Some(address) => {
            let listener = tokio::net::TcpListener::bind(address).await;
            let listener = listener.map_err(|error| AgentError::Listen { address, error })?;
            tracing::info!(address = %listener.local_addr().unwrap_or(address), "pages: /metrics, /ready, /targets");
            Some(listener)
        }
        None => None,
    };
    let (delivery, entrance) = Delivery::start(clients, budget.clone(), positions.clone(), spool, &metrics);
    let known = Known { positions: positions.clone(), targets: targets.clone(), budget: budget.clone(), waker };
    let mut reading = Reading::start(&mut config, &options, known, &metrics.registry, entrance)?;
    reading.tasks.spawn(positions.clone().keep_saved());
    if let Some(listener) = listener {
        let (metrics, positions, delivery) = (Arc::new(metrics), positions.clone(), delivery.state());
        reading.tasks.spawn(pages::serve(
            listener,
            Pages { metrics, targets, positions, budget, delivery },
            options.limits,
        ));
    }
    tokio::select! {
        () = stop.cancelled() => {}
        _ = &mut reading.ended => return Err(AgentError::ReaderEnded),
    }
    reading.stop().await;
    // While lines are acknowledged, positions are still saved: here, at the end.
    let _ = tokio::time::timeout(LAST_MOMENTS, delivery.drained()).await;
    delivery.stop().await;
    let _ = tokio::task::spawn_blocking(move || positions.save()).await;
    Ok(())
}

/// Shows what would be sent, from the start of all logs, until `stop` is cancelled. `out` gets each batch; false: it
/// has enough. Positions are neither used nor changed.
///
/// # Errors
///
/// What keeps the agent from starting.
pub async fn tail(
    mut config: Config,
    options: Options,
    stop: CancellationToken,
    out: impl FnMut(&Batch) -> bool + Send + 'static,
) -> Result<(), AgentError> {
    let targets = Arc::new(Targets::default());
    let waker = Waker::new().map_err(AgentError::Reader)?;
    let positions = Positions::load(None, targets.clone(), waker.clone())?;
    let outlet = Shown { out: Box::new(out), stop: stop.clone() };
    config.limits.batch_wait = TAIL_WAIT;
    let known = Known { positions, targets, budget: Budget::new(config.limits.memory), waker };
    let mut reading = Reading::start(&mut config, &options, known, &prometheus::Registry::new(), outlet)?;
    tokio::select! {
        () = stop.cancelled() => {}
        _ = &mut reading.ended => return Err(AgentError::ReaderEnded),
    }
    reading.stop().await;
    Ok(())
}

/// Where batches are printed instead of being sent.
struct Shown {
    out: Box<dyn FnMut(&Batch) -> bool + Send>,
    stop: CancellationToken,
}

impl BatchSink for Shown {
    fn put(&mut self, _lane: usize, batch: Batch) {
        if !(self.out)(&batch) {
            self.stop.cancel();
        }
    }

    fn make_room(&mut self, _: &[Account]) {}

    fn rotated(&mut self, _: &Arc<str>) -> bool {
        true
    }
}

/// What discovery and reader share with others.
struct Known {
    positions: Arc<Positions>,
    targets: Arc<Targets>,
    budget: Arc<Budget>,
    waker: Waker,
}

/// The reader's thread, and the tasks that command it.
struct Reading {
    commands: Commands,
    thread: std::thread::JoinHandle<()>,
    /// Closed when the thread has ended.
    ended: tokio::sync::oneshot::Receiver<()>,
    tasks: JoinSet<()>,
}

impl Reading {
    fn start(
        config: &mut Config,
        options: &Options,
        known: Known,
        registry: &prometheus::Registry,
        outlet: impl BatchSink + 'static,
    ) -> Result<Self, AgentError> {
        raise_file_limit();
        let discoveries = discoveries(&config.jobs, options)?;
        let pipelines: Vec<_> = config.jobs.iter_mut().map(|job| job.pipeline.take()).collect();
        for pipeline in pipelines.iter().flatten() {
            pipeline.register(registry)?;
        }
        let limits = Limits {
            batch_bytes: config.limits.batch_bytes,
            batch_wait: config.limits.batch_wait,
            line_bytes: config.limits.line_bytes,
            held_bytes: HELD_BYTES,
        };
        let made = Reader::new(limits, known.budget, pipelines, outlet, known.waker);
        let (reader, commands, reports) = made.map_err(AgentError::Reader)?;
        let (alive, ended) = tokio::sync::oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            let _alive = alive;
            reader.run();
        });
        let thread = thread.map_err(AgentError::Reader)?;
        let mut tasks = JoinSet::new();
        let told = Told { commands: commands.clone(), positions: known.positions, targets: known.targets };
        start(discoveries, told, reports, &mut tasks);
        Ok(Self { commands, thread, ended, tasks })
    }

    /// Ends the tasks, and the reader with all that it holds handed on.
    async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.commands.send(Command::Stop);
        // A reader that panicked has said so.
        let _ = tokio::task::spawn_blocking(|| self.thread.join()).await;
    }
}

enum Discovery {
    Docker(Box<DockerJob>),
    Files(FilesJob),
}

fn discoveries(jobs: &[Job], options: &Options) -> Result<Vec<Discovery>, AgentError> {
    let docker_jobs = jobs.iter().map(|job| job.docker.len()).sum::<usize>();
    let mut discoveries = Vec::new();
    for (number, job) in jobs.iter().enumerate() {
        for (index, from) in job.docker.iter().enumerate() {
            let prefix = match (docker_jobs, index) {
                (1, _) => "docker/".to_owned(),
                (_, 0) => format!("docker/{}/", job.name),
                (_, index) => format!("docker/{}-{index}/", job.name),
            };
            discoveries.push(Discovery::Docker(Box::new(docker_job(number, prefix, from, &job.labelling, options)?)));
        }
        for from in &job.files {
            let elsewhere = from.host.as_ref().filter(|host| **host != hostname(&options.environment));
            if let Some(host) = elsewhere {
                tracing::info!(path = from.path, host, "not read here: `__host__` names another machine");
                continue;
            }
            discoveries.push(Discovery::Files(FilesJob {
                job: number,
                path: from.path.clone(),
                exclude: from.exclude.clone(),
                labels: from.labels.clone(),
                period: from.period,
            }));
        }
    }
    Ok(discoveries)
}

/// This machine's name, as Promtail has it: `HOSTNAME`, else the kernel's.
fn hostname(environment: &BTreeMap<String, String>) -> String {
    let of_kernel = || {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        name.trim_end().to_owned()
    };
    environment.get("HOSTNAME").filter(|name| !name.is_empty()).cloned().unwrap_or_else(of_kernel)
}

fn docker_job(
    job: usize,
    prefix: String,
    from: &DockerFrom,
    labelling: &Labelling,
    options: &Options,
) -> Result<DockerJob, AgentError> {
    let choice = match &from.host {
        Some(host) => EndpointChoice { host: Some(host.clone()), ..EndpointChoice::default() },
        None => options.engine.clone(),
    };
    Ok(DockerJob {
        job,
        prefix,
        endpoint: Endpoint::resolve(&options.environment, &choice)?,
        filters: from.filters.clone(),
        without: from.without.clone(),
        addressing: from.addressing.clone(),
        labelling: labelling.clone(),
        read_from: options.read_from,
        look_after: LOOK_AFTER,
    })
}

fn start(discoveries: Vec<Discovery>, told: Told, mut reports: Reports, tasks: &mut JoinSet<()>) {
    let mut listeners = Vec::new();
    for discovery in discoveries {
        let (listener, heard) = mpsc::channel(REPORTS);
        listeners.push(listener);
        match discovery {
            Discovery::Docker(job) => tasks.spawn(docker::follow(*job, told.clone(), heard)),
            Discovery::Files(job) => tasks.spawn(files::follow(job, told.clone(), heard)),
        };
    }
    tasks.spawn(async move {
        while let Some(report) = reports.recv().await {
            for listener in &listeners {
                // A receiver that has ended gets nothing.
                let _ = listener.send(copy(&report)).await;
            }
        }
    });
}

/// An I/O error has no copy but its kind and words.
fn copy(report: &Report) -> Report {
    match report {
        Report::CannotOpen { key, error } => {
            Report::CannotOpen { key: key.clone(), error: std::io::Error::new(error.kind(), error.to_string()) }
        }
        Report::StreamEnded { key, moment } => Report::StreamEnded { key: key.clone(), moment: *moment },
        Report::Finished { key } => Report::Finished { key: key.clone() },
    }
}

/// A file for each container, and more while logs are rotated: as many as the system allows.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Then the limit stays as it is.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::part_from_yaml;

    #[test]
    fn files_of_another_machine_are_not_read() {
        let text = "scrape_configs: [{static_configs: [
            {labels: {__path__: /a}},
            {labels: {__path__: /b, __host__: here}},
            {labels: {__path__: /c, __host__: there}}]}]";
        let jobs = part_from_yaml(text).unwrap().config.jobs;
        let environment = BTreeMap::from([("HOSTNAME".to_owned(), "here".to_owned())]);
        let discoveries = discoveries(&jobs, &Options { environment, ..Options::default() }).unwrap();
        let paths = discoveries.iter().filter_map(|discovery| match discovery {
            Discovery::Files(job) => Some(job.path.as_str()),
            Discovery::Docker(_) => None,
        });
        assert_eq!(paths.collect::<Vec<_>>(), ["/a", "/b"]);
    }
}
