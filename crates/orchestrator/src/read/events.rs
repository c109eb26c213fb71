//! What happens to a project's containers.

use std::collections::{BTreeMap, HashMap};

use futures_util::{Stream, StreamExt};
use wharf_docker::event_history::read_events;
use wharf_docker::events::EngineEvent;
use wharf_docker::{Engine, Timestamp, labels};

use crate::error::Error;

/// An event of a service's replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaEvent {
    /// When.
    pub time: Timestamp,
    /// The service.
    pub service: String,
    /// The container's identifier.
    pub id: String,
    /// What happened: `start`, `die`, ...
    pub action: String,
    /// The container's name, image, labels, exit code; without the labels of docker compose and wharf.
    pub attributes: BTreeMap<String, String>,
}

/// Reads the events of a project's replicas, of `services` alone if there are any: from `since` on or from now on,
/// until `until` or without an end.
pub fn events(
    engine: &Engine,
    project: &str,
    services: Vec<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> impl Stream<Item = Result<ReplicaEvent, Error>> + Send + use<> {
    let filters = HashMap::from([
        ("type".to_owned(), vec!["container".to_owned()]),
        ("label".to_owned(), vec![labels::selector(labels::PROJECT, project)]),
    ]);
    read_events(engine, &filters, since, until).filter_map(move |event| {
        let event = event.map_err(Error::from).map(|event| of_replica(event, &services)).transpose();
        std::future::ready(event)
    })
}

/// `None` for a container of `run` or of a hook, and for a service that is not wanted.
fn of_replica(event: EngineEvent, services: &[String]) -> Option<ReplicaEvent> {
    let EngineEvent { time, action, id, mut attributes, .. } = event;
    let one_off = labels::is_one_off(attributes.get(labels::ONE_OFF).map(String::as_str));
    let service = attributes.get(labels::SERVICE).cloned().unwrap_or_default();
    if one_off || (!services.is_empty() && !services.contains(&service)) {
        return None;
    }
    attributes.retain(|key, _| !key.starts_with(labels::PREFIX) && !labels::OWN.contains(&key.as_str()));
    Some(ReplicaEvent { time, service, id, action, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(service: &str, one_off: &str) -> EngineEvent {
        let attributes = [
            (labels::SERVICE, service),
            (labels::ONE_OFF, one_off),
            (labels::OWN_HASH, "v3:00"),
            ("name", "shop-web-1"),
        ];
        let attributes = attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        EngineEvent { action: "start".to_owned(), id: "abc".to_owned(), attributes, ..EngineEvent::default() }
    }

    #[test]
    fn only_replicas_of_the_wanted_services_count() {
        let web = of_replica(event("web", "False"), &[]).unwrap();
        assert_eq!((web.service.as_str(), web.attributes.len()), ("web", 1));
        assert_eq!(of_replica(event("web", "False"), &["web".to_owned()]), Some(web));
        assert_eq!(of_replica(event("web", "False"), &["db".to_owned()]), None);
        assert_eq!(of_replica(event("web", "True"), &[]), None);
    }
}
