//! Events of the engine, without a gap.

use std::collections::{BTreeMap, HashMap};

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::engine::Engine;
use crate::error::Error;
use crate::timestamp::Timestamp;

/// Something that happened in the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineEvent {
    /// When.
    pub time: Timestamp,
    /// What it happened to: `container`, `network`, `volume`, `image`, ...
    pub kind: String,
    /// What happened: `start`, `die`, `health_status: healthy`, ...
    pub action: String,
    /// The identifier of what it happened to.
    pub id: String,
    /// A container's name and labels, its exit code, ...
    pub attributes: BTreeMap<String, String>,
}

impl From<EventMessage> for EngineEvent {
    fn from(message: EventMessage) -> Self {
        let actor = message.actor.unwrap_or_default();
        EngineEvent {
            time: Timestamp(message.time_nano.unwrap_or(0)),
            kind: message.typ.map(|kind| kind.to_string()).unwrap_or_default(),
            action: message.action.unwrap_or_default(),
            id: actor.id.unwrap_or_default(),
            attributes: actor.attributes.unwrap_or_default().into_iter().collect(),
        }
    }
}

/// One turn of an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Something happened.
    Event(EngineEvent),
    /// The stream broke and was opened again from where it ended. The engine remembers only its last 256 events:
    /// look at the state itself once more.
    Reconnected,
}

/// Follows the events that match `filters` from `since` on (Engine API `GET /events`).
///
/// A stream that breaks is opened again from the last event seen, and what the engine repeats then is dropped. The
/// stream never ends; drop it to stop.
pub fn follow_events(
    engine: Engine,
    filters: HashMap<String, Vec<String>>,
    since: Timestamp,
) -> impl Stream<Item = Turn> + Send {
    let state =
        Follow { engine, filters, seen: Seen::from(since), open: None, broken: false, backoff: Backoff::default() };
    stream::unfold(state, |mut state| async move {
        loop {
            if state.open.is_none() {
                state.open = Some((state.subscribe(), Instant::now()));
                if std::mem::take(&mut state.broken) {
                    return Some((Turn::Reconnected, state));
                }
            }
            let Some((open, _)) = state.open.as_mut() else { continue };
            match open.next().await {
                Some(Ok(message)) => {
                    state.backoff.reset();
                    let event = EngineEvent::from(message);
                    if state.seen.is_new(&event) {
                        return Some((Turn::Event(event), state));
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "the event stream broke");
                    state.give_up().await;
                }
                None => state.give_up().await,
            }
        }
    })
}

/// The engine's own time now: what happens from here on has a later time.
///
/// # Errors
/// If the request fails (`GET /info`).
pub async fn now(engine: &Engine) -> Result<Timestamp, Error> {
    let info = engine.info().await?;
    let time = info.system_time.unwrap_or_default();
    Ok(Timestamp::parse(&time).unwrap_or(Timestamp(0)))
}

type EventStream = stream::BoxStream<'static, Result<EventMessage, bollard::errors::Error>>;

struct Follow {
    engine: Engine,
    filters: HashMap<String, Vec<String>>,
    seen: Seen,
    /// The stream, and when it was opened.
    open: Option<(EventStream, Instant)>,
    broken: bool,
    backoff: Backoff,
}

impl Follow {
    fn subscribe(&self) -> EventStream {
        let since = self.seen.last.to_string();
        let options = EventsOptionsBuilder::default().since(&since).filters(&self.filters).build();
        self.engine.docker().events(Some(options)).boxed()
    }

    async fn give_up(&mut self) {
        let pause = self.backoff.next();
        // A stream that stayed open for longer than the pause was a good one, though nothing happened meanwhile.
        if self.open.take().is_some_and(|(_, opened)| opened.elapsed() > pause) {
            self.backoff.reset();
        }
        self.broken = true;
        tokio::time::sleep(pause).await;
    }
}

/// Knows which events came before a reconnect: those of the last nanosecond seen are repeated by an inclusive `since`.
#[derive(Debug)]
struct Seen {
    last: Timestamp,
    at_last: Vec<(String, String)>,
}

impl From<Timestamp> for Seen {
    fn from(since: Timestamp) -> Self {
        Seen { last: since, at_last: Vec::new() }
    }
}

impl Seen {
    fn is_new(&mut self, event: &EngineEvent) -> bool {
        let time = event.time;
        let key = (event.id.clone(), event.action.clone());
        if time > self.last {
            self.last = time;
            self.at_last = vec![key];
            return true;
        }
        if time == self.last && !self.at_last.contains(&key) {
            self.at_last.push(key);
            return true;
        }
        // An older one was overtaken on its way: `since` does not go back behind `last`.
        time < self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, id: &str, action: &str) -> EngineEvent {
        EngineEvent { time: Timestamp(time), action: action.to_owned(), id: id.to_owned(), ..Default::default() }
    }

    #[test]
    fn what_an_inclusive_since_repeats_is_dropped() {
        let mut seen = Seen::from(Timestamp(10));
        assert!(seen.is_new(&event(11, "a", "start")));
        assert!(seen.is_new(&event(11, "b", "start")));
        assert!(!seen.is_new(&event(11, "a", "start")));
        assert!(seen.is_new(&event(12, "a", "die")));
    }
}
