//! Events of a stretch of time.

use std::collections::HashMap;

use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt};

use crate::engine::Engine;
use crate::error::Error;
use crate::events::EngineEvent;
use crate::timestamp::Timestamp;

/// Reads the events that match `filters` (Engine API `GET /events`): from `since` on, as far as the engine remembers them,
/// or from now on; the stream ends at `until`, or never. It is not opened again when it breaks; see
/// [`follow_events`](crate::follow_events) for that.
pub fn read_events(
    engine: &Engine,
    filters: &HashMap<String, Vec<String>>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> impl Stream<Item = Result<EngineEvent, Error>> + Send + use<> {
    let mut options = EventsOptionsBuilder::default().filters(filters);
    if let Some(since) = since {
        options = options.since(&since.to_string());
    }
    if let Some(until) = until {
        options = options.until(&until.to_string());
    }
    let events = engine.docker().events(Some(options.build()));
    events.map(|event| event.map(EngineEvent::from).map_err(Error::at("read the events")))
}
