//! The logs of a project's containers as one stream: merged by time, or followed through restarts.

use std::collections::{BTreeMap, HashMap};

use bollard::models::EventMessage;
use futures_util::stream::{BoxStream, Peekable};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wharf_docker::events::{Timestamp, Turn};
use wharf_docker::logs::{Line, Position, Range, read};
use wharf_docker::{Engine, ErrorKind, events, follow_events, labels};

use crate::Error;
use crate::observe::{Container, list_containers};

/// Lines that wait for a slow reader, for all containers together.
const BUFFERED: usize = 256;

/// Which lines.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// Only these services; none: all.
    pub services: Vec<String>,
    /// Only this many lines from each container's end; `None`: all.
    pub tail: Option<u64>,
    /// None of these services.
    pub excluded: Vec<String>,
    /// Only the replica with this number.
    pub index: Option<u32>,
    /// Only lines from this time on.
    pub since: Option<Timestamp>,
    /// Only lines up to this time.
    pub until: Option<Timestamp>,
}

impl LogOptions {
    /// Whether a container's lines are asked for.
    pub fn wants(&self, service: &str, number: u32) -> bool {
        (self.services.is_empty() || self.services.iter().any(|wanted| wanted == service))
            && !self.excluded.iter().any(|excluded| excluded == service)
            && self.index.is_none_or(|index| index == number)
    }

    fn range(&self, follow: bool) -> Range {
        Range { after: None, since: self.since, until: self.until, tail: self.tail, follow }
    }
}

/// The container that a line is from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The container's identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its service.
    pub service: String,
    /// The replica's number.
    pub number: u32,
}

impl From<&Container> for Origin {
    fn from(container: &Container) -> Self {
        Origin {
            id: container.id.clone(),
            name: container.name.clone(),
            service: container.service.clone(),
            number: container.number,
        }
    }
}

/// News from the logs.
#[derive(Debug)]
pub enum LogEvent {
    /// A line.
    Line(Origin, Line),
    /// The container stopped, and its log was read to the end.
    Exited(Origin, i64),
    /// A container's log cannot be read.
    Unreadable(Origin, wharf_docker::Error),
}

/// The lines that are there, of all containers but those of `run`, in the order of their times.
pub fn history(
    engine: &Engine,
    containers: &[Container],
    options: &LogOptions,
) -> impl Stream<Item = LogEvent> + use<> {
    type Source = (Origin, Peekable<BoxStream<'static, Result<Line, wharf_docker::Error>>>);
    let range = options.range(false);
    let wanted =
        containers.iter().filter(|container| !container.one_off && options.wants(&container.service, container.number));
    let sources: Vec<Source> = wanted
        .map(|container| (Origin::from(container), read(engine, &container.id, &range).boxed().peekable()))
        .collect();
    stream::unfold(sources, |mut sources| async move {
        let mut earliest: Option<(usize, Timestamp)> = None;
        let mut at = 0;
        while at < sources.len() {
            match std::pin::Pin::new(&mut sources[at].1).peek().await {
                Some(Ok(line)) if earliest.is_none_or(|(_, time)| line.time < time) => earliest = Some((at, line.time)),
                Some(Ok(_)) => {}
                Some(Err(_)) => earliest = earliest.or(Some((at, Timestamp(i64::MAX)))),
                None => {
                    drop(sources.remove(at));
                    continue;
                }
            }
            at += 1;
        }
        let (at, _) = earliest?;
        let origin = sources[at].0.clone();
        let event = match sources[at].1.next().await? {
            Ok(line) => LogEvent::Line(origin, line),
            Err(error) => {
                drop(sources.remove(at));
                LogEvent::Unreadable(origin, error)
            }
        };
        Some((event, sources))
    })
}

/// Follows the logs of a project's replicas (not those of `run`), those that are there and those that come, through every restart. A line
/// is given once. The stream ends never; drop it to stop.
///
/// # Errors
/// Those of the engine, when it cannot be asked for the containers and events.
pub async fn follow(
    engine: &Engine,
    project: &str,
    options: LogOptions,
) -> Result<impl Stream<Item = LogEvent>, Error> {
    let since = events::now(engine).await?;
    let filters = HashMap::from([
        ("type".to_owned(), vec!["container".to_owned()]),
        ("event".to_owned(), ["start", "die", "destroy"].map(str::to_owned).to_vec()),
        (
            "label".to_owned(),
            vec![labels::selector(labels::PROJECT, project), labels::selector(labels::ONE_OFF, "False")],
        ),
    ]);
    let turns = follow_events(engine.clone(), filters, since).boxed();
    let containers = list_containers(engine, Some(project), true).await?;
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let mut follower = Follower {
        engine: engine.clone(),
        project: project.to_owned(),
        options,
        sender,
        readers: BTreeMap::new(),
        reading: JoinSet::new(),
    };
    let mut task = JoinSet::new();
    task.spawn(async move {
        for container in containers.iter().filter(|container| !container.one_off) {
            follower.open(Origin::from(container), true);
        }
        follower.run(turns).await;
    });
    // The task lives as long as the stream.
    Ok(stream::unfold((receiver, task), |(mut receiver, task)| async move {
        receiver.recv().await.map(|event| (event, (receiver, task)))
    }))
}

/// How far one container's log was read.
#[derive(Default)]
struct Reader {
    position: Option<Position>,
    reading: bool,
    /// It started again while the log of its last run was still being read.
    started_again: bool,
    /// Its exit code, until its log was read to the end.
    exit_code: Option<i64>,
}

struct Follower {
    engine: Engine,
    project: String,
    options: LogOptions,
    sender: mpsc::Sender<LogEvent>,
    readers: BTreeMap<Origin, Reader>,
    reading: JoinSet<(Origin, Option<Position>)>,
}

impl Follower {
    async fn run(mut self, mut turns: BoxStream<'static, Turn>) {
        loop {
            tokio::select! {
                turn = turns.next() => match turn {
                    Some(Turn::Event(event)) => self.take_event(&event).await,
                    Some(Turn::Reconnected) => self.look_again().await,
                    None => return,
                },
                Some(ended) = self.reading.join_next() => {
                    if let Ok((origin, position)) = ended {
                        self.take_end(origin, position).await;
                    }
                },
                () = self.sender.closed() => return,
            }
        }
    }

    async fn take_event(&mut self, event: &EventMessage) {
        let Some(origin) = origin_of(event) else { return };
        match event.action.as_deref() {
            Some("start") => self.open(origin, false),
            Some("die") => {
                let attributes = event.actor.as_ref().and_then(|actor| actor.attributes.as_ref());
                let code = attributes.and_then(|attributes| attributes.get("exitCode")?.parse().ok()).unwrap_or(0);
                if let Some(reader) = self.readers.get_mut(&origin) {
                    reader.exit_code = Some(code);
                    if !reader.reading {
                        self.report_exit(&origin).await;
                    }
                }
            }
            // What is still being read goes when it has been.
            Some("destroy") if self.readers.get(&origin).is_some_and(|reader| !reader.reading) => {
                self.readers.remove(&origin);
            }
            _ => {}
        }
    }

    /// Events may have been missed: whatever runs is to be read.
    async fn look_again(&mut self) {
        let Ok(containers) = list_containers(&self.engine, Some(&self.project), false).await else { return };
        for container in containers.iter().filter(|container| !container.one_off) {
            self.open(Origin::from(container), false);
        }
    }

    /// Begins to read a container's log, from where it was left.
    fn open(&mut self, origin: Origin, first: bool) {
        if !self.options.wants(&origin.service, origin.number) {
            return;
        }
        let reader = self.readers.entry(origin.clone()).or_default();
        if reader.reading {
            reader.started_again = true;
            return;
        }
        reader.reading = true;
        let mut range = self.options.range(true);
        range.after = reader.position;
        if !first {
            // What comes later is wanted whole.
            range.tail = None;
        }
        self.reading.spawn(pass_on(self.engine.clone(), range, origin, self.sender.clone()));
    }

    async fn take_end(&mut self, origin: Origin, position: Option<Position>) {
        let Some(reader) = self.readers.get_mut(&origin) else { return };
        reader.reading = false;
        reader.position = position;
        let again = std::mem::take(&mut reader.started_again);
        if reader.exit_code.is_some() {
            self.report_exit(&origin).await;
        }
        if again {
            self.open(origin, false);
        }
    }

    async fn report_exit(&mut self, origin: &Origin) {
        if let Some(code) = self.readers.get_mut(origin).and_then(|reader| reader.exit_code.take()) {
            // Nobody listens any more: the loop ends at its next turn.
            let _ = self.sender.send(LogEvent::Exited(origin.clone(), code)).await;
        }
    }
}

/// Passes a container's lines on until it stops. An engine ends its stream before it has given out the last lines of a
/// container that wrote them at its end, so what is left is read once more.
async fn pass_on(
    engine: Engine,
    mut range: Range,
    origin: Origin,
    sender: mpsc::Sender<LogEvent>,
) -> (Origin, Option<Position>) {
    for follow in [true, false] {
        range.follow = follow;
        let mut lines = read(&engine, &origin.id, &range).boxed();
        while let Some(line) = lines.next().await {
            let event = match line {
                Ok(line) => {
                    range.after = Some(Position::after(range.after, line.time));
                    LogEvent::Line(origin.clone(), line)
                }
                // A container that is removed takes its log with it.
                Err(error) if error.kind() == ErrorKind::Gone => return (origin, range.after),
                Err(error) => LogEvent::Unreadable(origin.clone(), error),
            };
            let failed = matches!(event, LogEvent::Unreadable(..));
            if sender.send(event).await.is_err() || failed {
                return (origin, range.after);
            }
        }
    }
    (origin, range.after)
}

fn origin_of(event: &EventMessage) -> Option<Origin> {
    let actor = event.actor.as_ref()?;
    let attributes = actor.attributes.as_ref()?;
    Some(Origin {
        id: actor.id.clone()?,
        name: attributes.get("name")?.clone(),
        service: attributes.get(labels::SERVICE)?.clone(),
        number: attributes.get(labels::NUMBER).and_then(|number| number.parse().ok()).unwrap_or(0),
    })
}
