//! Checks a tree against the specification's tables and writes every short form out.
//!
//! What is wrong is reported and left out, so that one mistake does not hide the next.

use crate::model::Duration;
use crate::read::dialect::RESET;
use crate::read::scalar::FieldValue as _;
use crate::report::findings::{At, Report};
use crate::spec::file::is_service_key;
use crate::spec::schema::{Field, NoValue, Schema, Unique};
use crate::spec::short::{hosts, words};
use crate::spec::unique::deduplicate;
use crate::validate::advice;
use crate::validate::suggest::closest;
use wharf_yaml::{Map, Node, Value};

/// The most entries that the short forms of a project may expand to. A file with as many long forms can still be read.
const MAX_EXPANDED: usize = 30_000;

/// Returns the tree with every value as its schema demands.
pub(crate) fn validate(node: Node, schema: &Schema, literal: bool, report: &mut Report) -> Node {
    let empty = node.at(Value::Map(Map::default()));
    Walk::new(literal, report).value(node, schema, None).unwrap_or(empty)
}

/// The way through a tree, along its schema.
pub(crate) struct Walk<'r> {
    pub(crate) report: &'r mut Report,
    /// Whether variables are not replaced (`--no-interpolate`), so that text with `$` fits everywhere, and commands and ports
    /// stay as they are written.
    literal: bool,
    pub(crate) path: String,
}

impl<'r> Walk<'r> {
    pub(crate) fn new(literal: bool, report: &'r mut Report) -> Self {
        Self { report, literal, path: String::new() }
    }
}

impl Walk<'_> {
    fn value(&mut self, node: Node, schema: &Schema, field: Option<&Field>) -> Option<Node> {
        if node.tag == RESET {
            return Some(node);
        }
        if self.literal
            && node.as_text().is_some_and(|text| text.contains('$'))
            && !matches!(schema, Schema::OneOrMore(..))
        {
            return Some(node);
        }
        let is_command = matches!(schema, Schema::Words | Schema::Short(_, Schema::List(Schema::Text, _)));
        if self.literal && is_command && matches!(&node.value, Value::Scalar(scalar) if scalar.is_text()) {
            return Some(node);
        }
        match schema {
            Schema::Any => Some(node),
            // Another file may say what this one leaves out.
            _ if node.is_null() => Some(node),
            Schema::OrNull(schema) | Schema::Merged(_, schema) => self.value(node, schema, field),
            Schema::Map(fields) => self.map(node, fields, schema, field),
            Schema::Names(item) => self.names(node, item, schema, field),
            Schema::Free(item) => self.entries(node, item, schema, field),
            Schema::Dict(_) => self.dict(node, schema, field),
            Schema::Hosts => self.hosts(node, field),
            Schema::List(item, unique) => self.list(node, item, *unique, schema, field),
            Schema::OneOrMore(item, unique) => match node.value {
                Value::Scalar(_) => {
                    let list = node.at(Value::List(vec![node.clone()]));
                    self.list(list, item, *unique, schema, field)
                }
                _ => self.list(node, item, *unique, schema, field),
            },
            Schema::Short(..) | Schema::ShortNumber(..) => {
                self.short(node, schema, field).and_then(|mut nodes| nodes.pop())
            }
            Schema::ScalarOr(scalar, other) => match node.value {
                Value::Map(_) | Value::List(_) => self.value(node, other, field),
                _ => self.value(node, scalar, field),
            },
            Schema::Keyed(entry, long) => self.keyed(node, *entry, long, schema, field),
            Schema::Words => self.words(node, field),
            _ => self.scalar(node, schema, field),
        }
    }

    /// Reports a value of the wrong kind.
    pub(crate) fn wrong(&mut self, node: &Node, schema: &Schema, field: Option<&Field>) {
        let found = match &node.value {
            Value::Null => "nothing".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar(scalar) => match scalar.is_text() || matches!(schema, Schema::Bool) {
                true => format!("`{}`", clip(&scalar.text)),
                false if scalar.is_number() => format!("the number {}", clip(&scalar.text)),
                false => format!("the boolean {}", scalar.text),
            },
        };
        let at = if node.is_null() { At::key(node) } else { At::from(node) };
        let message = format!("`{}` must be {}, not {found}", self.path, schema.expected());
        self.report.error(at, message);
        if let Some(help) = advice::on_kind(&self.path, node, schema, field) {
            self.report.help(help);
        }
        self.report.taint(&self.path);
    }

    fn refuse(&mut self, at: impl Into<At>, message: String) {
        self.report.error(at, message);
        self.report.taint(&self.path);
    }

    pub(crate) fn inside<T>(&mut self, segment: std::fmt::Arguments<'_>, visit: impl FnOnce(&mut Self) -> T) -> T {
        use std::fmt::Write as _;
        let end = self.path.len();
        let _ = self.path.write_fmt(segment);
        let result = visit(self);
        self.path.truncate(end);
        result
    }

    pub(crate) fn at_key<T>(&mut self, key: &str, visit: impl FnOnce(&mut Self) -> T) -> T {
        let end = self.path.len();
        if end > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let result = visit(self);
        self.path.truncate(end);
        result
    }

    fn map(&mut self, mut node: Node, fields: &[Field], schema: &Schema, field: Option<&Field>) -> Option<Node> {
        let Some(map) = node.as_map_mut() else {
            self.wrong(&node, schema, field);
            return None;
        };
        map.retain(|key, value| match fields.iter().find(|field| field.name == key) {
            Some(field) => self.entry(key, value, &field.schema, Some(field)),
            None if key.starts_with("x-") => true,
            None => {
                self.unknown(key, value, fields);
                false
            }
        });
        Some(node)
    }

    fn unknown(&mut self, key: &str, value: &Node, fields: &[Field]) {
        let place =
            if self.path.is_empty() { "at the top of the file".to_owned() } else { format!("in `{}`", self.path) };
        self.refuse(At::key(value), format!("unknown key `{key}` {place}"));
        if self.report.is_full() {
            return;
        }
        match closest(key, fields.iter().map(|field| field.name)) {
            Some(name) => self.report.help(format!("did you mean `{name}`?")),
            None if self.path.is_empty() && is_service_key(key) => self.report.help(format!(
                "`{key}` belongs to a service: put it under `services:` and the service's name"
            )),
            None if self.path.is_empty() && value.get("image").or(value.get("build")).is_some() => {
                self.report.help(format!("if `{key}` is a service, it belongs under `services:`"))
            }
            None if self.path.is_empty() => {
                self.report.help("known here: services, networks, volumes, secrets, configs, models, include, name; keys of your own begin with `x-`")
            }
            None => self.report.help("keys of your own begin with `x-`"),
        };
    }

    fn names(&mut self, node: Node, item: &Schema, schema: &Schema, field: Option<&Field>) -> Option<Node> {
        if let Some(map) = node.as_map() {
            self.check_names(map);
        }
        self.entries(node, item, schema, field)
    }

    fn check_names(&mut self, map: &Map) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        for (key, node) in map.iter().filter(|(key, _)| key.is_empty() || !key.chars().all(allowed)) {
            self.refuse(At::key(node), format!("`{}` cannot be a name in `{}`", clip(key), self.path));
            self.report.help("names are made of letters, digits, `.`, `_` and `-`");
        }
    }

    fn entries(&mut self, mut node: Node, item: &Schema, schema: &Schema, field: Option<&Field>) -> Option<Node> {
        let Some(map) = node.as_map_mut() else {
            self.wrong(&node, schema, field);
            return None;
        };
        map.retain(|key, value| self.entry(key, value, item, None));
        Some(node)
    }

    /// Checks the value of a key in its place; `false` if it is wrong.
    fn entry(&mut self, key: &str, value: &mut Node, schema: &Schema, field: Option<&Field>) -> bool {
        let old = std::mem::replace(value, value.at(Value::Null));
        match self.at_key(key, |walk| walk.value(old, schema, field)) {
            Some(new) => {
                *value = new;
                true
            }
            None => false,
        }
    }

    /// Both forms of a dictionary become a map; an entry without `=` has no value. Where variables are not replaced, a list
    /// stays one, because they may be in its keys, and those of a map are never replaced.
    fn dict(&mut self, mut node: Node, schema: &Schema, field: Option<&Field>) -> Option<Node> {
        let Value::List(mut list) = node.value else {
            return self.entries(node, &Schema::Loose, schema, field);
        };
        if self.literal {
            let mut index = 0..;
            list.retain(|entry| {
                let index = index.next().unwrap_or(0);
                self.inside(format_args!("[{index}]"), |walk| walk.text_of(entry).is_some())
            });
            node.value = Value::List(list);
            return Some(node);
        }
        let mut out = Map::default();
        for (index, mut entry) in list.into_iter().enumerate() {
            let Some(text) = self.inside(format_args!("[{index}]"), |walk| walk.text_of(&entry)) else { continue };
            let (key, value) = match text.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (text.as_str(), None),
            };
            if key.ends_with(char::is_whitespace) {
                self.refuse(&entry, format!("the name `{key}` ends with a space"));
                self.report.help(format!("remove the space before `=`: `{}=...`", key.trim_end()));
            }
            if value.is_none() && matches!(schema, Schema::Dict(NoValue::Refused)) {
                self.refuse(&entry, format!("`{}`: `{}` has no value", self.path, clip(key)));
                self.report.help("write `name=value`");
                continue;
            }
            let key = key.to_owned();
            entry.value = value.map_or(Value::Null, |value| entry.text(value).value);
            out.insert(key, entry);
        }
        node.value = Value::Map(out);
        Some(node)
    }

    fn text_of(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_text() || (self.literal && scalar.text.contains('$')) => {
                Some(scalar.text.clone())
            }
            _ => {
                self.wrong(node, &Schema::Text, None);
                None
            }
        }
    }

    fn hosts(&mut self, mut node: Node, field: Option<&Field>) -> Option<Node> {
        match hosts::hosts(&node) {
            Ok(list) => {
                node.value = Value::List(list);
                Some(node)
            }
            Err(None) => {
                self.wrong(&node, &Schema::Hosts, field);
                None
            }
            Err(Some(wrong)) => {
                let (node, message) = *wrong;
                self.refuse(&node, format!("`{}`: {message}", self.path));
                self.report.help("for example `extra_hosts: [\"myhost=192.0.2.1\"]`");
                None
            }
        }
    }

    fn list(
        &mut self,
        mut node: Node,
        item: &Schema,
        unique: Unique,
        schema: &Schema,
        field: Option<&Field>,
    ) -> Option<Node> {
        let Value::List(list) = node.value else {
            self.wrong(&node, schema, field);
            return None;
        };
        let mut out = Vec::with_capacity(list.len());
        for (index, entry) in list.into_iter().enumerate() {
            self.inside(format_args!("[{index}]"), |walk| match item {
                Schema::Short(..) | Schema::ShortNumber(..) => {
                    out.extend(walk.short(entry, item, field).unwrap_or_default());
                }
                _ => out.extend(walk.value(entry, item, None)),
            });
        }
        match unique {
            Unique::Refused => self.repeated(&out),
            unique => deduplicate(&mut out, unique),
        }
        node.value = Value::List(out);
        Some(node)
    }

    pub(crate) fn repeated(&mut self, list: &[Node]) {
        let mut seen = std::collections::HashMap::new();
        for node in list {
            if let Some(text) = node.as_text()
                && let Some(first) = seen.insert(text, node.span)
            {
                self.refuse(node, format!("`{}` is a duplicate in `{}`", clip(text), self.path));
                self.report.also("first here", first);
            }
        }
    }

    fn short(&mut self, node: Node, schema: &Schema, field: Option<&Field>) -> Option<Vec<Node>> {
        let (expand, long, numbers) = match schema {
            Schema::Short(expand, long) => (expand, long, false),
            Schema::ShortNumber(expand, long) => (expand, long, true),
            _ => return None,
        };
        let Value::Scalar(scalar) = &node.value else {
            if !matches!(node.value, Value::Map(_) | Value::List(_)) {
                self.wrong(&node, schema, field);
                return None;
            }
            return self.value(node, long, field).map(|node| vec![node]);
        };
        if self.literal && scalar.text.contains('$') {
            return Some(vec![node]);
        }
        if !(scalar.is_text() || scalar.is_number() && numbers) {
            self.wrong(&node, schema, field);
            return None;
        }
        match expand(&node, &scalar.display()) {
            Ok(nodes) => {
                self.report.expanded += nodes.len();
                if self.report.expanded > MAX_EXPANDED {
                    let message = format!("the short forms up to here stand for more than {MAX_EXPANDED} entries");
                    self.refuse(&node, message);
                    return None;
                }
                // Only ports have numbers for a short form.
                if self.literal && numbers {
                    return Some(vec![node]);
                }
                Some(nodes.into_iter().filter_map(|node| self.value(node, long, field)).collect())
            }
            Err(message) => {
                let message = format!("`{}`: {message}", self.path);
                self.refuse(&node, message);
                if let Some(field) = field {
                    self.report.help(format!("for example `{}`", field.show()));
                }
                None
            }
        }
    }

    fn keyed(
        &mut self,
        mut node: Node,
        entry: fn(&Node) -> Node,
        long: &Schema,
        schema: &Schema,
        field: Option<&Field>,
    ) -> Option<Node> {
        let Value::List(list) = node.value else {
            return match node.value {
                Value::Map(_) => self.value(node, long, field),
                _ => {
                    self.wrong(&node, schema, field);
                    None
                }
            };
        };
        self.repeated(&list);
        if self.literal && list.iter().any(|name| name.as_text().is_some_and(|text| text.contains('$'))) {
            node.value = Value::List(list);
            return Some(node);
        }
        let mut out = Map::default();
        for (index, name) in list.iter().enumerate() {
            if let Some(text) = self.inside(format_args!("[{index}]"), |walk| walk.text_of(name)) {
                out.insert(text, entry(name));
            }
        }
        // The map that replaces a list of names is keyed by names.
        self.check_names(&out);
        node.value = Value::Map(out);
        Some(node)
    }

    fn words(&mut self, mut node: Node, field: Option<&Field>) -> Option<Node> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_text() => match words::words(&scalar.text) {
                Some((words, rest)) => {
                    if let Some(rest) = rest {
                        self.report.warning(&node, format!("`{}` ends before `{}`", self.path, clip(rest)));
                        self.report.help("no shell runs the command; for one, write `[\"sh\", \"-c\", \"...\"]`");
                    }
                    self.report.expanded += words.len();
                    if self.report.expanded > MAX_EXPANDED {
                        self.refuse(&node, format!("the commands up to here have more than {MAX_EXPANDED} words"));
                        return None;
                    }
                    node.value = Value::List(words.into_iter().map(|word| node.text(word)).collect());
                    Some(node)
                }
                None => {
                    self.refuse(
                        &node,
                        format!("`{}` cannot be split into words: a quote or bracket is not closed", self.path),
                    );
                    None
                }
            },
            Value::List(_) => self.list(node, &Schema::Text, Unique::No, &Schema::Words, field),
            _ => {
                self.wrong(&node, &Schema::Words, field);
                None
            }
        }
    }

    fn scalar(&mut self, node: Node, schema: &Schema, field: Option<&Field>) -> Option<Node> {
        let Value::Scalar(scalar) = &node.value else {
            self.wrong(&node, schema, field);
            return None;
        };
        let fits = match schema {
            Schema::Text => scalar.is_text(),
            Schema::Word(words) => scalar.is_text() && words.contains(&scalar.text.as_str()),
            Schema::Form(accepts, _) => scalar.is_text() && accepts(&scalar.text),
            Schema::Bool => scalar.bool().is_some(),
            Schema::Int(low, high) => scalar.int().is_some_and(|value| (*low..=*high).contains(&value)),
            Schema::Percent if !scalar.is_text() => {
                scalar.is_integer() && scalar.int().is_some_and(|value| (0..=100).contains(&value))
            }
            Schema::BareInt => scalar.is_number() && scalar.int().is_some(),
            Schema::Whole => scalar.whole().is_some(),
            Schema::Number | Schema::Percent => scalar.number().is_some(),
            Schema::Bytes => scalar.bytes().is_some(),
            Schema::BytesText => scalar.is_text() && scalar.bytes().is_some(),
            Schema::Duration => scalar.is_text() && scalar.text.parse::<Duration>().is_ok(),
            Schema::Mode => scalar.mode().is_some(),
            Schema::Count => scalar.text.eq_ignore_ascii_case("all") || scalar.int().is_some(),
            Schema::TextOrNumber => scalar.is_text() || scalar.is_number(),
            Schema::FormOrNumber(accepts, _) => (scalar.is_text() || scalar.is_number()) && accepts(&scalar.display()),
            _ => true,
        };
        if !fits {
            self.wrong(&node, schema, field);
            return None;
        }
        Some(node)
    }
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
