//! One mapping of the configuration: its fields by kind, and at the end the unknown ones.

use std::collections::HashSet;
use std::time::Duration;

use super::units;
use crate::yaml::{ConfigError, ErrorAt as _, Kind, Map, Node, Value};

/// The mistakes found, and the fields without effect.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) errors: Vec<ConfigError>,
    pub(super) warnings: Vec<ConfigError>,
}

/// A mapping while it is read. Every field that is read is known; [`finish`](Self::finish) refuses the others.
pub(super) struct Section<'n, 'f> {
    name: &'static str,
    node: &'n Node,
    map: Option<&'n Map>,
    asked: HashSet<String>,
    faults: &'f mut Faults,
}

impl<'n, 'f> Section<'n, 'f> {
    pub(super) fn new(name: &'static str, node: &'n Node, faults: &'f mut Faults) -> Self {
        if node.as_map().is_none() && !node.is_null() {
            faults.errors.push(node.error(format!("{name} is a mapping, as `name: value`")));
        }
        Self { name, node, map: node.as_map(), asked: HashSet::new(), faults }
    }

    pub(super) fn faults(&mut self) -> &mut Faults {
        self.faults
    }

    /// A field's value, unless it is null.
    pub(super) fn child(&mut self, field: &str) -> Option<&'n Node> {
        self.asked.insert(field.to_owned());
        self.map?.get(field).filter(|node| !node.is_null())
    }

    pub(super) fn error(&mut self, node: &Node, message: impl Into<String>) {
        self.faults.errors.push(node.error(message));
    }

    /// An error about the mapping itself.
    pub(super) fn error_here(&mut self, message: impl Into<String>) {
        self.faults.errors.push(self.node.error(message));
    }

    /// A warning about a field.
    pub(super) fn warn(&mut self, field: &str, message: &str) {
        if let Some(found) = self.map.and_then(|map| map.get(field)) {
            self.faults.warnings.push(found.key.error(format!("`{field}`: {message}")));
        }
    }

    /// A warning about the mapping itself.
    pub(super) fn warn_here(&mut self, message: &str) {
        self.faults.warnings.push(self.node.error(message));
    }

    /// A field that Promtail has and this agent does not need.
    pub(super) fn without_effect(&mut self, field: &str, instead: &str) {
        if self.child(field).is_some() {
            self.warn(field, &format!("has no effect: {instead}"));
        }
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let node = self.child(field)?;
        match &node.value {
            Value::Scalar(scalar) => Some(scalar.text.clone()),
            _ => {
                self.error(node, format!("`{field}` is a text"));
                None
            }
        }
    }

    /// A text that is parsed.
    pub(super) fn parsed<T>(&mut self, field: &str, kind: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(field)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let node = self.child(field)?;
            self.error(node, format!("`{field}: {text}` is not {kind}"));
        }
        parsed
    }

    pub(super) fn boolean(&mut self, field: &str) -> Option<bool> {
        let node = self.child(field)?;
        match node.as_scalar().map(|scalar| scalar.kind) {
            Some(Kind::Bool(value)) => Some(value),
            _ => {
                self.error(node, format!("`{field}` is true or false"));
                None
            }
        }
    }

    pub(super) fn integer(&mut self, field: &str, least: i64, most: i64) -> Option<i64> {
        let node = self.child(field)?;
        match node.as_scalar().map(|scalar| scalar.kind) {
            Some(Kind::Int(value)) if (least..=most).contains(&value) => Some(value),
            _ => {
                self.error(node, format!("`{field}` is a whole number from {least} to {most}"));
                None
            }
        }
    }

    pub(super) fn duration(&mut self, field: &str) -> Option<Duration> {
        self.parsed(field, "a duration, as 500ms, 10s or 1m30s", wharf_loki::duration::parse)
    }

    pub(super) fn bytes(&mut self, field: &str) -> Option<u64> {
        self.parsed(field, "a size, as 1048576, 256KB or 1MB", units::bytes)
    }

    /// The items of a list; a null is an empty one.
    pub(super) fn list(&mut self, field: &str) -> Vec<&'n Node> {
        let Some(node) = self.child(field) else { return Vec::new() };
        match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => {
                self.error(node, format!("`{field}` is a list: begin each item with `-`"));
                Vec::new()
            }
        }
    }

    /// The pairs of a mapping of texts.
    pub(super) fn pairs(&mut self, field: &str) -> Vec<(String, String)> {
        let Some(node) = self.child(field) else { return Vec::new() };
        let Some(map) = node.as_map() else {
            self.error(node, format!("`{field}` is a mapping, as `name: value`"));
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in map {
            match &value.value {
                Value::Scalar(scalar) => pairs.push((name.clone(), scalar.text.clone())),
                Value::Null => pairs.push((name.clone(), String::new())),
                _ => self.error(value, format!("`{name}` is a text")),
            }
        }
        pairs
    }

    /// Refuses the fields that were not read.
    pub(super) fn finish(self) {
        for (name, field) in self.map.into_iter().flatten().filter(|(name, _)| !self.asked.contains(*name)) {
            let near = self.asked.iter().map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
            let hint =
                near.filter(|(distance, _)| *distance <= 2).map(|(_, known)| format!(": did you mean `{known}`?"));
            let message = format!("{} has no field `{name}`{}", self.name, hint.unwrap_or_default());
            self.faults.errors.push(field.key.error(message));
        }
    }
}
