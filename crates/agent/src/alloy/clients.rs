//! `loki.write` to `clients`.

use serde_json::{Map, Value as Json};

use super::all::All;
use super::json::{Problems, json_of};
use super::read::{Block, Value};
use crate::yaml::Place;

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
/// Texts in PEM.
const PEM: [(&str, &str); 3] = [("ca_pem", "ca"), ("cert_pem", "cert"), ("key_pem", "key")];
/// What names the file of which something is the content.
const FILES: [(&str, &str); 6] = [
    ("password", "password_file"),
    ("bearer_token", "bearer_token_file"),
    ("credentials", "credentials_file"),
    ("ca_pem", "ca_file"),
    ("cert_pem", "cert_file"),
    ("key_pem", "key_file"),
];
/// Attributes without which an endpoint is the same.
const LEFT_OUT: [&str; 3] = ["retry_on_http_429", "enable_http2", "proxy_connect_header"];

pub(super) fn clients(block: &Block, all: &All<'_>, problems: &mut Problems<'_>) -> Vec<Json> {
    let external = block.attribute("external_labels").map(|value| json_of(value, problems));
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
    endpoints.map(|endpoint| client(endpoint, external.as_ref(), all, problems)).collect()
}

fn client(endpoint: &Block, external: Option<&Json>, all: &All<'_>, problems: &mut Problems<'_>) -> Json {
    let (mut client, mut backoff) = (Map::new(), Map::new());
    for (name, value) in &endpoint.attributes {
        if let Some(to) = renamed(name, &ENDPOINT) {
            insert(&mut client, name, to, value, all, problems);
        } else if let Some(to) = renamed(name, &BACKOFF) {
            backoff.insert(to.to_owned(), json_of(value, problems));
        } else if LEFT_OUT.contains(&name.as_str()) {
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
                let mut inner = Map::new();
                for (name, value) in &part.attributes {
                    insert(&mut inner, name, renamed(name, &PEM).unwrap_or(name), value, all, problems);
                }
                for nested in &part.blocks {
                    problems.error(nested.place, format!("`{}` of `{}` has no counterpart", nested.name, part.name));
                }
                client.insert(part.name.clone(), inner.into());
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

fn renamed<'a>(name: &str, list: &[(&str, &'a str)]) -> Option<&'a str> {
    list.iter().find(|(from, _)| *from == name).map(|(_, to)| *to)
}

/// Inserts an attribute `name` as `to`, or the name of its file, if it is the content of one.
fn insert(
    map: &mut Map<String, Json>,
    name: &str,
    to: &str,
    value: &Value,
    all: &All<'_>,
    problems: &mut Problems<'_>,
) {
    match all.file_of(value).zip(renamed(name, &FILES)) {
        Some((file, to)) => map.insert(to.to_owned(), json_of(file, problems)),
        None => map.insert(to.to_owned(), json_of(value, problems)),
    };
}

/// Attributes are indented two columns deeper than their block.
fn endpoint_column(endpoint: &Block, value: Place) -> u32 {
    if value.line == endpoint.place.line { value.column } else { endpoint.place.column + 2 }
}
