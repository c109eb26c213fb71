//! Attributes as JSON, and what is found wrong with them.

use serde_json::{Map, Value as Json};

use super::read::{Block, Kind, Value};
use crate::yaml::{ConfigError, ErrorAt as _, Place};

/// What is found on the way.
pub(super) struct Problems<'a> {
    pub(super) errors: &'a mut Vec<ConfigError>,
    pub(super) warnings: &'a mut Vec<ConfigError>,
}

impl Problems<'_> {
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.errors.push(place.error(message));
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
        Kind::Call(name, arguments) => match (name.as_str(), &arguments[..]) {
            ("env" | "sys.env", [Value { kind: Kind::Text(variable), .. }]) => {
                problems.warn(value.place, format!("`${{{variable}}}` needs `--expand-env`"));
                format!("${{{variable}}}").into()
            }
            _ => {
                problems.error(value.place, format!("`{name}(...)` has no counterpart"));
                Json::Null
            }
        },
        Kind::Reference(path) => {
            problems.error(value.place, format!("`{path}` has no counterpart here: write its value"));
            Json::Null
        }
    }
}
