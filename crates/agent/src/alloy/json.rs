//! Attributes as JSON, and what is found wrong with them.

use serde_json::{Map, Value as Json};

use super::functions;
use super::read::{Block, Kind, Value};
use super::variable::variable;
use crate::yaml::{ConfigError, ErrorAt as _, Place};

/// What is found on the way.
pub(super) struct Problems<'a> {
    pub(super) errors: &'a mut Vec<ConfigError>,
    pub(super) warnings: &'a mut Vec<ConfigError>,
    /// Whether what is left out is an error.
    pub(super) strict: bool,
}

impl Problems<'_> {
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.errors.push(place.error(message));
    }

    /// Something is left out that others may need.
    pub(super) fn leave_out(&mut self, place: Place, message: impl Into<String>) {
        if self.strict {
            self.error(place, message);
        } else {
            self.warn(place, message);
        }
    }

    pub(super) fn warn(&mut self, place: Place, message: impl Into<String>) {
        self.warnings.push(place.error(message));
    }
}

/// A block's attributes; parts that are not expected are errors.
pub(super) fn object_of(block: &Block, parts: &[&str], problems: &mut Problems<'_>) -> Map<String, Json> {
    let stage = block.name.starts_with("stage.");
    for part in block.blocks.iter().filter(|part| !stage && !parts.contains(&part.name.as_str())) {
        problems.error(part.place, format!("`{}` of `{}` has no counterpart", part.name, block.name));
    }
    block.attributes.iter().map(|(name, value)| (name.clone(), json_of(value, problems))).collect()
}

/// A value as Promtail's configuration has it; what has no counterpart there is an error.
pub(super) fn json_of(value: &Value, problems: &mut Problems<'_>) -> Json {
    match &value.kind {
        Kind::Null => Json::Null,
        Kind::Bool(value) => (*value).into(),
        Kind::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Kind::Text(text) => text.as_str().into(),
        Kind::List(items) => items.iter().map(|item| json_of(item, problems)).collect(),
        Kind::Object(pairs) => pairs.iter().map(|(name, item)| (name.clone(), json_of(item, problems))).collect(),
        Kind::Sum(left, right) => match (json_of(left, problems), json_of(right, problems)) {
            // What has no counterpart has been told.
            (Json::Null, _) | (_, Json::Null) => Json::Null,
            (Json::Array(left), Json::Array(right)) => left.into_iter().chain(right).collect(),
            (Json::String(left), Json::String(right)) => format!("{left}{right}").into(),
            _ => without_counterpart(value.place, "a sum of anything but texts or lists", problems),
        },
        Kind::Operation(operator) => without_counterpart(value.place, &format!("`{operator}`"), problems),
        Kind::Call(name, arguments) => {
            let given = arguments.iter().map(|argument| json_of(argument, problems)).collect::<Vec<_>>();
            match functions::call(name, &given) {
                Some(value) => value,
                None if given.contains(&Json::Null) => Json::Null,
                None => without_counterpart(value.place, &format!("`{name}(...)`"), problems),
            }
        }
        Kind::Reference(path) => match path.as_str() {
            "constants.hostname" => {
                problems.warn(value.place, "`constants.hostname` becomes the variable `HOSTNAME`");
                variable("HOSTNAME")
            }
            "constants.version" => {
                problems.warn(value.place, "`constants.version` becomes the version of this agent");
                env!("CARGO_PKG_VERSION").into()
            }
            "constants.os" => std::env::consts::OS.into(),
            "constants.arch" => match std::env::consts::ARCH {
                "x86_64" => "amd64".into(),
                "aarch64" => "arm64".into(),
                arch => arch.into(),
            },
            path => without_counterpart(value.place, &format!("`{path}`"), problems),
        },
    }
}

fn without_counterpart(place: Place, what: &str, problems: &mut Problems<'_>) -> Json {
    problems.error(place, format!("{what} has no counterpart here: write its value"));
    Json::Null
}

/// Inserts a value, unless there is none.
pub(super) fn insert_list(map: &mut Map<String, Json>, name: &str, list: Vec<Json>) {
    if !list.is_empty() {
        map.insert(name.to_owned(), list.into());
    }
}
