//! Events of the engine, without a gap.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt, stream};

use crate::{Engine, Error};

/// Pause before a lost event stream is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// A place in the engine's history, in nanoseconds since 1970 by the engine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl std::fmt::Display for Moment {
    /// Seconds and nanoseconds, as the Engine API's `since` takes them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:09}", self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000))
    }
}

/// One turn of an event stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Something happened.
    Event(Box<EventMessage>),
    /// The stream broke and was opened again from where it ended. The engine remembers only its last 256 events:
    /// look at the state itself once more.
    Reconnected,
}

/// Follows the events that match `filters` from `since` on (Engine API `GET /events`).
///
/// A stream that breaks is opened again from the last event seen, and what the engine repeats then is dropped. The
/// stream ends never; drop it to stop.
pub fn follow_events(
    engine: Engine,
    filters: HashMap<String, Vec<String>>,
    since: Moment,
) -> impl Stream<Item = Turn> + Send {
    let state = Follow { engine, filters, seen: Seen::from(since), open: None, broken: false };
    stream::unfold(state, |mut state| async move {
        loop {
            if state.open.is_none() {
                state.open = Some(state.subscribe());
                if std::mem::take(&mut state.broken) {
                    return Some((Turn::Reconnected, state));
                }
            }
            let Some(open) = state.open.as_mut() else { continue };
            match open.next().await {
                Some(Ok(event)) => {
                    if state.seen.is_new(&event) {
                        return Some((Turn::Event(Box::new(event)), state));
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "event stream broke");
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
/// Those of the request (`GET /info`).
pub async fn now(engine: &Engine) -> Result<Moment, Error> {
    let info = engine.docker().info().await?;
    let time = info.system_time.unwrap_or_default();
    Ok(parse_time(&time).unwrap_or(Moment(0)))
}

/// Parses the RFC 3339 times that the engine writes, with up to nine decimals.
pub fn parse_time(text: &str) -> Option<Moment> {
    let time: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(Moment)
}

type EventStream = stream::BoxStream<'static, Result<EventMessage, bollard::errors::Error>>;

struct Follow {
    engine: Engine,
    filters: HashMap<String, Vec<String>>,
    seen: Seen,
    open: Option<EventStream>,
    broken: bool,
}

impl Follow {
    fn subscribe(&self) -> EventStream {
        let since = self.seen.last.to_string();
        let options = EventsOptionsBuilder::default().since(&since).filters(&self.filters).build();
        self.engine.docker().events(Some(options)).boxed()
    }

    async fn give_up(&mut self) {
        self.open = None;
        self.broken = true;
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

/// Knows which events came before a reconnect: those of the last nanosecond seen are repeated by an inclusive `since`.
#[derive(Debug)]
struct Seen {
    last: Moment,
    at_last: Vec<(Option<String>, Option<String>)>,
}

impl From<Moment> for Seen {
    fn from(since: Moment) -> Self {
        Seen { last: since, at_last: Vec::new() }
    }
}

impl Seen {
    fn is_new(&mut self, event: &EventMessage) -> bool {
        let time = Moment(event.time_nano.unwrap_or(0));
        let key = (event.actor.as_ref().and_then(|actor| actor.id.clone()), event.action.clone());
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
    use bollard::models::EventActor;

    fn event(time: i64, id: &str, action: &str) -> EventMessage {
        EventMessage {
            time_nano: Some(time),
            action: Some(action.to_owned()),
            actor: Some(EventActor { id: Some(id.to_owned()), attributes: None }),
            ..Default::default()
        }
    }

    #[test]
    fn what_an_inclusive_since_repeats_is_dropped() {
        let mut seen = Seen::from(Moment(10));
        assert!(seen.is_new(&event(11, "a", "start")));
        assert!(seen.is_new(&event(11, "b", "start")));
        assert!(!seen.is_new(&event(11, "a", "start")));
        assert!(seen.is_new(&event(12, "a", "die")));
    }

    #[test]
    fn moments_are_written_as_the_api_takes_them() {
        assert_eq!(Moment(1_700_000_000_000_000_042).to_string(), "1700000000.000000042");
        assert_eq!(parse_time("2023-11-14T22:13:20.000000042Z"), Some(Moment(1_700_000_000_000_000_042)));
    }
}
