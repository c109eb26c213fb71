//! The engine's events and its clock.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::model::{Container, Network, map, strings};

/// When an engine begins: 2023-11-14T22:13:20Z.
const BEGINNING: i64 = 1_700_000_000;
const SECOND: i64 = 1_000_000_000;

/// All events so far, and who follows them.
#[derive(Debug)]
pub(super) struct Events {
    /// Nanoseconds since 1970. Two events never have the same time.
    now: i64,
    log: Vec<Value>,
    listeners: Vec<Listener>,
}

#[derive(Debug)]
struct Listener {
    filters: Value,
    lines: mpsc::UnboundedSender<Bytes>,
}

impl Default for Events {
    fn default() -> Self {
        Events { now: BEGINNING * SECOND, log: Vec::new(), listeners: Vec::new() }
    }
}

impl Clone for Events {
    /// The same past, which nobody follows.
    fn clone(&self) -> Self {
        Events { now: self.now, log: self.log.clone(), listeners: Vec::new() }
    }
}

impl Events {
    /// The time, in nanoseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Lets a second pass.
    pub(super) fn tick(&mut self) {
        self.now += SECOND;
    }

    /// Something happens to a container.
    pub(super) fn container(&mut self, container: &Container, action: &str) {
        self.container_with(container, action, &[]);
    }

    /// The same with attributes of its own.
    pub(super) fn container_with(&mut self, container: &Container, action: &str, own: &[(&str, &str)]) {
        let mut attributes = container.labels.clone();
        attributes.insert("name".to_owned(), container.name.clone());
        attributes.insert("image".to_owned(), container.image.clone());
        if action == "die" {
            attributes.insert("exitCode".to_owned(), container.exit_code.to_string());
        }
        attributes.extend(own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        self.happen("container", action, &container.id, json!(attributes));
    }

    /// Something happens to a network, perhaps with a container.
    pub(super) fn network(&mut self, network: &Network, action: &str, container: Option<&str>) {
        let mut attributes = json!({ "name": network.name, "type": network.driver });
        if let Some(container) = container {
            attributes["container"] = container.into();
        }
        self.happen("network", action, &network.id, attributes);
    }

    /// Something happens to a volume.
    pub(super) fn volume(&mut self, name: &str, action: &str) {
        self.happen("volume", action, name, json!({ "driver": "local" }));
    }

    fn happen(&mut self, kind: &str, action: &str, id: &str, attributes: Value) {
        self.now += 1;
        let event = json!({ "Type": kind, "Action": action, "Actor": { "ID": id, "Attributes": attributes },
            "scope": "local", "time": self.now / SECOND, "timeNano": self.now });
        let line = line(&event);
        self.listeners.retain(|listener| !fits(&listener.filters, &event) || listener.lines.send(line.clone()).is_ok());
        self.log.push(event);
    }

    /// Follows the events from `since` on, which is written as `SECONDS.NANOSECONDS`.
    pub(super) fn follow(&mut self, since: Option<&str>, filters: Value) -> mpsc::UnboundedReceiver<Bytes> {
        let since = since.map_or(self.now, nanoseconds);
        let (lines, receiver) = mpsc::unbounded_channel();
        for event in self.past(since, &filters) {
            // The receiver is here.
            let _ = lines.send(line(event));
        }
        self.listeners.push(Listener { filters, lines });
        receiver
    }
}

impl Events {
    /// The events from `since` on.
    fn past<'a>(&'a self, since: i64, filters: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.log.iter().filter(move |event| event["timeNano"].as_i64() >= Some(since) && fits(filters, event))
    }

    /// The events so far from `since` on, as lines.
    pub(super) fn history(&self, since: Option<&str>, filters: &Value) -> Vec<u8> {
        let since = since.map_or(self.now, nanoseconds);
        self.past(since, filters).flat_map(line).collect()
    }
}

fn line(event: &Value) -> Bytes {
    format!("{event}\n").into()
}

fn nanoseconds(text: &str) -> i64 {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    seconds.parse::<i64>().unwrap_or(0) * SECOND + format!("{fraction:0<9}").parse::<i64>().unwrap_or(0)
}

/// Whether an event passes the filters `type`, `event` and `label`.
fn fits(filters: &Value, event: &Value) -> bool {
    let one_of = |key: &str, fits: &dyn Fn(&str) -> bool| {
        let wanted = strings(&filters[key]);
        wanted.is_empty() || wanted.iter().any(|wanted| fits(wanted))
    };
    let action = event["Action"].as_str().unwrap_or_default();
    let attributes = map(&event["Actor"]["Attributes"]);
    one_of("container", &|wanted| event["Actor"]["ID"] == wanted)
        && one_of("type", &|wanted| event["Type"] == wanted)
        && one_of("event", &|wanted| action == wanted || action.starts_with(&format!("{wanted}:")))
        && strings(&filters["label"]).iter().all(|label| has_label(&attributes, label))
}

/// Whether labels contain `KEY` or `KEY=VALUE`.
pub(super) fn has_label(labels: &BTreeMap<String, String>, wanted: &str) -> bool {
    match wanted.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(wanted),
    }
}
