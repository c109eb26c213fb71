//! Components, and how they are put together.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::all::{All, READ};
use super::clients::clients;
use super::jobs;
use super::json::Problems;
use super::read::Block;
use crate::yaml::{ConfigError, Place};

/// Components that say how Alloy itself runs.
const OF_ALLOY: [&str; 5] = ["logging", "tracing", "http", "livedebugging", "remotecfg"];
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
    let all = All::of(blocks);
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
