//! Components, and how they are put together.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::json::{Problems, json_of, object_of};
use super::read::{Block, Kind, Value};
use super::stages::stages;
use crate::yaml::{ConfigError, Place};

/// The components by name and label.
struct All<'a>(HashMap<String, &'a Block>);

/// What an endpoint's attribute is called for Promtail.
const ENDPOINT: [(&str, &str); 13] = [
    ("url", "url"),
    ("name", "name"),
    ("headers", "headers"),
    ("tenant_id", "tenant_id"),
    ("batch_wait", "batchwait"),
    ("batch_size", "batchsize"),
    ("remote_timeout", "timeout"),
    ("bearer_token", "bearer_token"),
    ("bearer_token_file", "bearer_token_file"),
    ("proxy_url", "proxy_url"),
    ("no_proxy", "no_proxy"),
    ("proxy_from_environment", "proxy_from_environment"),
    ("follow_redirects", "follow_redirects"),
];
const BACKOFF: [(&str, &str); 3] = [
    ("min_backoff_period", "min_period"),
    ("max_backoff_period", "max_period"),
    ("max_backoff_retries", "max_retries"),
];
/// Components that say how Alloy itself runs.
const OF_ALLOY: [&str; 4] = ["logging", "tracing", "http", "livedebugging"];
const READ: [&str; 5] = ["discovery.docker", "discovery.relabel", "loki.source.docker", "loki.process", "loki.write"];

pub(super) fn convert(blocks: &[Block], errors: &mut Vec<ConfigError>, warnings: &mut Vec<ConfigError>) -> Json {
    let mut problems = Problems { errors, warnings };
    let mut all = HashMap::new();
    for block in blocks {
        if READ.contains(&block.name.as_str()) {
            all.insert(format!("{}.{}", block.name, block.label.as_deref().unwrap_or_default()), block);
        } else if OF_ALLOY.contains(&block.name.as_str()) {
            problems.warn(block.place, format!("`{}` is left out: it says how Alloy runs", block.name));
        } else {
            problems
                .error(block.place, format!("`{}` is not about containers' logs: it has no counterpart", block.name));
        }
    }
    let all = All(all);
    let named = |name: &'static str| blocks.iter().filter(move |block| block.name == name);
    let writes: Vec<&Block> = named("loki.write").collect();
    let clients: Vec<Json> = writes.iter().flat_map(|block| clients(block, &mut problems)).collect();
    if let [_, second, ..] = writes[..] {
        problems.warn(second.place, "all jobs send to all endpoints");
    }
    let jobs: Vec<Json> = named("loki.source.docker").map(|block| job(block, &all, &mut problems)).collect();
    json!({ "clients": clients, "scrape_configs": jobs })
}

fn clients(block: &Block, problems: &mut Problems<'_>) -> Vec<Json> {
    let external = block.attributes.iter().find(|(name, _)| name == "external_labels");
    let external = external.map(|(_, value)| json_of(value, problems));
    for (name, value) in block.attributes.iter().filter(|(name, _)| name != "external_labels") {
        problems.warn(value.place, format!("`{name}` is left out"));
    }
    for part in block.blocks.iter().filter(|part| part.name != "endpoint") {
        problems.warn(
            part.place,
            format!("`{}` is left out: lines wait in the engine's files, or in `--spool`", part.name),
        );
    }
    let endpoints = block.blocks.iter().filter(|part| part.name == "endpoint");
    endpoints.map(|endpoint| client(endpoint, external.as_ref(), problems)).collect()
}

fn client(endpoint: &Block, external: Option<&Json>, problems: &mut Problems<'_>) -> Json {
    let (mut client, mut backoff) = (Map::new(), Map::new());
    for (name, value) in &endpoint.attributes {
        let renamed =
            |list: &[(&str, &str)]| list.iter().find(|(from, _)| from == name).map(|(_, to)| (*to).to_owned());
        if let Some(to) = renamed(&ENDPOINT) {
            client.insert(to, json_of(value, problems));
        } else if let Some(to) = renamed(&BACKOFF) {
            backoff.insert(to, json_of(value, problems));
        } else if matches!(name.as_str(), "retry_on_http_429" | "enable_http2" | "proxy_connect_header") {
            problems.warn(value.place, format!("`{name}` is left out"));
        } else {
            // Only an attribute's value has a place; its name is before it on the same line.
            let place = Place { column: endpoint_column(endpoint, value.place), ..value.place };
            problems.error(place, format!("`{name}` of an endpoint has no counterpart"));
        }
    }
    for part in &endpoint.blocks {
        match part.name.as_str() {
            "basic_auth" | "authorization" | "tls_config" => {
                client.insert(part.name.clone(), object_of(part, &[], problems).into());
            }
            "queue_config" => problems.warn(part.place, "`queue_config` is left out"),
            other => problems.error(part.place, format!("`{other}` of an endpoint has no counterpart")),
        }
    }
    if !backoff.is_empty() {
        client.insert("backoff_config".to_owned(), backoff.into());
    }
    if let Some(external) = external {
        client.insert("external_labels".to_owned(), external.clone());
    }
    client.into()
}

/// Attributes are indented two columns deeper than their block.
fn endpoint_column(endpoint: &Block, value: Place) -> u32 {
    if value.line == endpoint.place.line { value.column } else { endpoint.place.column + 2 }
}

fn job(block: &Block, all: &All<'_>, problems: &mut Problems<'_>) -> Json {
    let attribute = |name: &str| block.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value);
    let mut rules = Vec::new();
    let mut docker =
        attribute("targets").map(|targets| discovered(targets, all, &mut rules, problems, 0)).unwrap_or_default();
    for found in &mut docker {
        if let (Some(found), Some(host)) = (found.as_object_mut(), attribute("host"))
            && !found.contains_key("host")
        {
            found.insert("host".to_owned(), json_of(host, problems));
        }
    }
    if let Some(Value { kind: Kind::Reference(path), .. }) = attribute("relabel_rules")
        && let Some(relabel) = path.strip_suffix(".rules").and_then(|name| all.0.get(name))
    {
        rules.extend(rules_of(relabel, problems));
    }
    if let Some(Value { kind: Kind::Object(labels), .. }) = attribute("labels") {
        rules.extend(
            labels.iter().map(|(name, value)| json!({ "target_label": name, "replacement": json_of(value, problems) })),
        );
    }
    for (name, value) in &block.attributes {
        if !matches!(name.as_str(), "targets" | "host" | "relabel_rules" | "labels" | "forward_to" | "refresh_interval")
        {
            problems.error(value.place, format!("`{name}` of loki.source.docker has no counterpart"));
        }
    }
    let mut job = Map::new();
    job.insert("job_name".to_owned(), block.label.clone().unwrap_or_default().into());
    job.insert("docker_sd_configs".to_owned(), docker.into());
    if !rules.is_empty() {
        job.insert("relabel_configs".to_owned(), rules.into());
    }
    let mut pipeline = Vec::new();
    forwarded(attribute("forward_to"), all, &mut pipeline, problems, 0);
    if !pipeline.is_empty() {
        job.insert("pipeline_stages".to_owned(), pipeline.into());
    }
    job.into()
}

/// The engines that targets come from, and the rules on the way.
fn discovered(
    targets: &Value,
    all: &All<'_>,
    rules: &mut Vec<Json>,
    problems: &mut Problems<'_>,
    depth: usize,
) -> Vec<Json> {
    let Kind::Reference(path) = &targets.kind else {
        problems
            .error(targets.place, "`targets` is not from a component: write for example discovery.docker.NAME.targets");
        return Vec::new();
    };
    let name = path.rsplit_once('.').map_or(path.as_str(), |(name, _)| name);
    match all.0.get(name) {
        Some(block) if block.name == "discovery.docker" => vec![docker(block, problems)],
        Some(block) if block.name == "discovery.relabel" && depth < 16 => {
            let before = block.attributes.iter().find(|(name, _)| name == "targets");
            let docker =
                before.map(|(_, targets)| discovered(targets, all, rules, problems, depth + 1)).unwrap_or_default();
            rules.extend(rules_of(block, problems));
            docker
        }
        _ => {
            problems.error(targets.place, format!("there is no component `{name}` that finds containers"));
            Vec::new()
        }
    }
}

fn docker(block: &Block, problems: &mut Problems<'_>) -> Json {
    let mut docker = object_of(block, &["filter"], problems);
    let filters = block.blocks.iter().filter(|part| part.name == "filter");
    let filters: Vec<Json> = filters.map(|filter| object_of(filter, &[], problems).into()).collect();
    if !filters.is_empty() {
        docker.insert("filters".to_owned(), filters.into());
    }
    docker.into()
}

fn rules_of(block: &Block, problems: &mut Problems<'_>) -> Vec<Json> {
    let rules = block.blocks.iter().filter(|part| part.name == "rule");
    rules.map(|rule| object_of(rule, &[], problems).into()).collect()
}

/// The stages on the way to an endpoint.
fn forwarded(to: Option<&Value>, all: &All<'_>, out: &mut Vec<Json>, problems: &mut Problems<'_>, depth: usize) {
    let Some(Value { kind: Kind::List(receivers), place }) = to else { return };
    let processes: Vec<&&Block> = receivers
        .iter()
        .filter_map(|receiver| match &receiver.kind {
            Kind::Reference(path) => all.0.get(path.strip_suffix(".receiver").unwrap_or(path)),
            _ => None,
        })
        .filter(|block| block.name == "loki.process")
        .collect();
    if processes.len() > 1 {
        problems.error(
            *place,
            "lines that go through several `loki.process` at once have no counterpart: make a job for each",
        );
    }
    if let (Some(process), true) = (processes.first(), depth < 16) {
        out.extend(stages(process, problems));
        let next = process.attributes.iter().find(|(name, _)| name == "forward_to");
        forwarded(next.map(|(_, value)| value), all, out, problems, depth + 1);
    }
}
