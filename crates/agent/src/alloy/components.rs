//! Components, and how they are put together.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json, json};

use super::clients::clients;
use super::jobs;
use super::json::Problems;
use super::read::{Block, Kind, Value};
use crate::yaml::{ConfigError, Place};

/// Components that say how Alloy itself runs.
const OF_ALLOY: [&str; 5] = ["logging", "tracing", "http", "livedebugging", "remotecfg"];
/// Components on the way of logs that have a counterpart.
const READ: [&str; 9] = [
    "discovery.docker",
    "discovery.relabel",
    "local.file",
    "local.file_match",
    "loki.source.docker",
    "loki.source.file",
    "loki.relabel",
    "loki.process",
    "loki.write",
];

/// The components by name and label.
pub(super) struct All<'a>(HashMap<String, &'a Block>);

impl<'a> All<'a> {
    /// The component that a path begins with, as `loki.write.default` in `loki.write.default.receiver`.
    pub(super) fn of_path(&self, path: &str) -> Option<&'a Block> {
        let name = path.rsplit_once('.').map_or(path, |(name, _)| name);
        self.0.get(name).copied().filter(|block| READ.contains(&block.name.as_str()))
    }

    /// The name of the file whose content a value is.
    pub(super) fn file_of(&self, value: &'a Value) -> Option<&'a Value> {
        match &value.kind {
            Kind::Call(name, arguments) if name.ends_with("nonsensitive") => self.file_of(arguments.first()?),
            Kind::Reference(path) => {
                let file = path.strip_suffix(".content").and_then(|name| self.0.get(name));
                file.filter(|block| block.name == "local.file")?.attribute("filename")
            }
            _ => None,
        }
    }
}

/// The whole configuration. What has nothing to do with the logs of containers and files is left out with a warning; if it is
/// `strict`, that is an error.
pub(super) fn convert(
    blocks: &[Block],
    strict: bool,
    errors: &mut Vec<ConfigError>,
    warnings: &mut Vec<ConfigError>,
) -> Json {
    let mut problems = Problems { errors, warnings, strict };
    for block in blocks {
        let name = block.name.as_str();
        if OF_ALLOY.contains(&name) {
            problems.warn(block.place, format!("`{name}` is left out: it says how Alloy runs"));
        } else if !READ.contains(&name) {
            problems.leave_out(block.place, format!("`{name}` is left out: it has no counterpart"));
        }
    }
    let all = All(blocks.iter().map(|block| (block.path(), block)).collect());
    let sources: Vec<&Block> = blocks.iter().filter(|block| jobs::SOURCES.contains(&block.name.as_str())).collect();
    if sources.is_empty() {
        let message = "there is no `loki.source.docker` and no `loki.source.file`: no logs are read";
        problems.error(Place { line: 1, column: 1 }, message);
    }
    let jobs: Vec<jobs::Job> = sources.iter().flat_map(|source| jobs::jobs(source, &all, &mut problems)).collect();
    let used: BTreeSet<&str> = jobs.iter().flat_map(|job| &job.writes).map(String::as_str).collect();
    let mut endpoints = Vec::new();
    for write in blocks.iter().filter(|block| block.name == "loki.write") {
        if !used.contains(write.path().as_str()) {
            problems.warn(write.place, format!("`{}` is left out: no logs that are read go there", write.path()));
            continue;
        }
        if jobs.iter().any(|job| !job.writes.contains(&write.path())) {
            problems.warn(write.place, format!("`{}`: all jobs send to all endpoints", write.path()));
        }
        endpoints.extend(clients(write, &all, &mut problems));
    }
    let jobs: Vec<Json> = jobs.into_iter().map(|job| job.config).collect();
    json!({ "clients": endpoints, "scrape_configs": jobs })
}

/// Inserts a value, unless there is none.
pub(super) fn insert_list(map: &mut Map<String, Json>, name: &str, list: Vec<Json>) {
    if !list.is_empty() {
        map.insert(name.to_owned(), list.into());
    }
}
