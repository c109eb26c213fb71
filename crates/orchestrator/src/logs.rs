//! The logs of a project's containers as one stream: merged by time, or followed through restarts.

use std::collections::BTreeMap;

use futures_util::stream::{BoxStream, Peekable};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wharf_docker::container::ContainerDetails;
use wharf_docker::events::EngineEvent;
use wharf_docker::logs::{Line, Position, Range, read};
use wharf_docker::roster::{self, Change, Selection};
use wharf_docker::{Engine, ErrorKind, Timestamp, labels};

use crate::Error;
use crate::observe::Container;

/// The most lines that wait for a slow consumer, for all containers together.
const BUFFERED: usize = 256;

/// Which lines to read.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// Only these services. All if empty.
    pub services: Vec<String>,
    /// Only this many last lines of each container. `None`: all.
    pub tail: Option<u64>,
    /// Not these services.
    pub excluded: Vec<String>,
    /// Only the replica with this number.
    pub index: Option<u32>,
    /// Only lines from this time on.
    pub since: Option<Timestamp>,
    /// Only lines up to this time.
    pub until: Option<Timestamp>,
}

impl LogOptions {
    /// Whether a container's lines are wanted.
    pub fn wants(&self, service: &str, number: u32) -> bool {
        (self.services.is_empty() || self.services.iter().any(|wanted| wanted == service))
            && !self.excluded.iter().any(|excluded| excluded == service)
            && self.index.is_none_or(|index| index == number)
    }

    fn range(&self, follow: bool) -> Range {
        Range { after: None, since: self.since, until: self.until, tail: self.tail, follow }
    }
}

/// The source of a line.
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
    /// The name that its lines carry: without the project's, `web-1`, unless the file gives the container a name.
    pub short_name: String,
}

impl From<&Container> for Origin {
    fn from(container: &Container) -> Self {
        Origin::labelled(&container.id, &container.name, &container.labels)
    }
}

impl From<&ContainerDetails> for Origin {
    fn from(container: &ContainerDetails) -> Self {
        Origin::labelled(&container.id, &container.name, &container.labels)
    }
}

impl Origin {
    fn labelled(id: &str, name: &str, labels: &BTreeMap<String, String>) -> Self {
        let label = |key: &str| labels.get(key).map_or("", String::as_str);
        Origin {
            id: id.to_owned(),
            name: name.to_owned(),
            service: label(labels::SERVICE).to_owned(),
            number: label(labels::NUMBER).parse().unwrap_or(0),
            short_name: short_name(name, label(labels::PROJECT), label(labels::SERVICE)).to_owned(),
        }
    }
}

/// A container's name without its project's: `web-1` for `shop-web-1`. A name that the file gives is kept whole.
pub fn short_name<'n>(name: &'n str, project: &str, service: &str) -> &'n str {
    let after = |text: &'n str, part: &str| text.strip_prefix(part)?.strip_prefix(['-', '_']);
    match after(name, project) {
        Some(short) if after(short, service).is_some_and(|number| number.parse::<u32>().is_ok()) => short,
        _ => name,
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

/// The existing lines of all containers except those of `run`, sorted by time.
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

/// Follows the logs of a project's existing and future replicas (not those of `run`), through every restart. Each line
/// is returned once. The stream never ends; drop it to stop.
///
/// # Errors
/// If the engine cannot list the containers.
pub async fn follow(
    engine: &Engine,
    project: &str,
    options: LogOptions,
) -> Result<impl Stream<Item = LogEvent>, Error> {
    let selected = [labels::selector(labels::PROJECT, project), labels::selector(labels::ONE_OFF, "False")];
    let mut changes = roster::follow(engine.clone(), Selection::with_labels(selected)).boxed();
    let (mut containers, mut meanwhile) = (Vec::new(), Vec::new());
    while let Some(change) = changes.next().await {
        match change {
            Change::Current(container) => containers.push(Origin::from(&*container)),
            Change::Happened(event) => meanwhile.push(event),
            Change::Failed(error) => return Err(error.into()),
            Change::Complete => break,
            Change::Clock(_) | Change::Gone(_) | Change::Reconnected => {}
        }
    }
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let mut follower = Follower {
        engine: engine.clone(),
        options,
        sender,
        readers: BTreeMap::new(),
        reading: JoinSet::new(),
        looking_again: false,
    };
    let mut task = JoinSet::new();
    task.spawn(async move {
        for origin in containers {
            follower.open(origin, true);
        }
        for event in meanwhile {
            follower.take_event(&event).await;
        }
        follower.run(changes).await;
    });
    // The task lives as long as the stream.
    Ok(stream::unfold((receiver, task), |(mut receiver, task)| async move {
        receiver.recv().await.map(|event| (event, (receiver, task)))
    }))
}

/// How far one container's log has been read.
#[derive(Default)]
struct Reader {
    position: Option<Position>,
    reading: bool,
    /// It started again while the log of its last run was still being read.
    started_again: bool,
    /// Its exit code, until its log has been read to the end.
    exit_code: Option<i64>,
}

struct Follower {
    engine: Engine,
    options: LogOptions,
    sender: mpsc::Sender<LogEvent>,
    readers: BTreeMap<Origin, Reader>,
    reading: JoinSet<(Origin, Option<Position>)>,
    /// Whether the event stream broke, so that all containers are being inspected again.
    looking_again: bool,
}

impl Follower {
    async fn run(mut self, mut changes: BoxStream<'static, Change>) {
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    Some(change) => self.take(change).await,
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

    async fn take(&mut self, change: Change) {
        match change {
            Change::Happened(event) => self.take_event(&event).await,
            // Starts may have been missed, so read every container that runs.
            Change::Current(container) if self.looking_again && container.state.running => {
                self.open(Origin::from(&*container), false);
            }
            Change::Clock(_) | Change::Current(_) => {}
            // A container whose log is still being read is forgotten afterwards.
            Change::Gone(id) => self.readers.retain(|origin, reader| origin.id != id || reader.reading),
            Change::Reconnected => self.looking_again = true,
            Change::Complete => self.looking_again = false,
            Change::Failed(error) => tracing::debug!(%error, "the engine could not be asked"),
        }
    }

    async fn take_event(&mut self, event: &EngineEvent) {
        let Some(name) = event.attributes.get("name") else { return };
        let origin = Origin::labelled(&event.id, name, &event.attributes);
        match event.action.as_str() {
            "start" => self.open(origin, false),
            "die" => {
                let code = event.attributes.get("exitCode").and_then(|code| code.parse().ok()).unwrap_or(0);
                if let Some(reader) = self.readers.get_mut(&origin) {
                    reader.exit_code = Some(code);
                    if !reader.reading {
                        self.report_exit(&origin).await;
                    }
                }
            }
            _ => {}
        }
    }

    /// Begins to read a container's log where the last read ended.
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
            // Later runs are read in full.
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
            // If the receiver is gone, the loop ends at its next iteration.
            let _ = self.sender.send(LogEvent::Exited(origin.clone(), code)).await;
        }
    }
}

/// Passes on a container's lines until it stops. The engine may end the stream before the lines that the container
/// wrote last, so the rest is read again afterwards.
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
                // The log of a removed container is gone, too.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_file_gives_is_kept_whole() {
        assert_eq!(short_name("shop-web-1", "shop", "web"), "web-1");
        assert_eq!(short_name("shop_web_1", "shop", "web"), "web_1");
        assert_eq!(short_name("shop-web", "shop", "web"), "shop-web");
        assert_eq!(short_name("shop-cache", "shop", "web"), "shop-cache");
        assert_eq!(short_name("cache", "shop", "web"), "cache");
    }
}
