//! Turns a finished tree into plain values, each of the type that its field has, and remembers where each was written.

use serde_json::{Map, Number, Value as Json};

use crate::read::scalar::FieldValue as _;
use crate::report::findings::{At, Report};
use crate::report::place::Places;
use crate::spec::schema::{Field, NoValue, Schema};
use wharf_yaml::{Kind, Node, Span, Value};

/// Where the values of a tree were written, by path (`services.web.ports[0]`).
pub(crate) struct Spans<'n>(pub(crate) &'n Node);

impl Spans<'_> {
    /// The node at `path`, and whether it is that of the whole path; else the nearest one around it.
    fn find(&self, path: &str) -> Option<(&Node, bool)> {
        let (mut node, mut rest, mut found) = (self.0, path, None);
        while !rest.is_empty() {
            let Some((next, tail)) = step(node, rest) else { return found.map(|node| (node, false)) };
            (node, rest, found) = (next, tail, Some(next));
        }
        found.map(|node| (node, true))
    }

    /// The place of the value at `path`, or of what is around it.
    pub(crate) fn at(&self, path: &str) -> At {
        self.find(path).map_or(At::NOWHERE, |(node, _)| At::from(node))
    }

    /// The place of the key at `path`, or of what is around it.
    pub(crate) fn key(&self, path: &str) -> At {
        self.find(path).map_or(At::NOWHERE, |(node, _)| At::key(node))
    }

    /// The span of the value at `path` itself.
    pub(crate) fn span(&self, path: &str) -> Option<Span> {
        self.find(path).filter(|(_, whole)| *whole).map(|(node, _)| node.span)
    }

    /// The span of the key at `path` itself.
    pub(crate) fn key_span(&self, path: &str) -> Option<Span> {
        self.find(path).filter(|(_, whole)| *whole).map(|(node, _)| node.key)
    }

    /// The same as places in files, down to the entries of a service's keys.
    pub(crate) fn places(&self, report: &Report) -> Places {
        let mut places = Places::default();
        collect(self.0, 0, &mut String::new(), report, &mut places);
        places
    }
}

/// Deepest level that has places: `services`, the service, its key, the key's entries, their keys.
const PLACES_DEPTH: usize = 5;

fn collect(node: &Node, depth: usize, path: &mut String, report: &Report, places: &mut Places) {
    use std::fmt::Write as _;
    // A collection's place is that of its name, because its elements may come from several files.
    let span = if matches!(node.value, Value::Scalar(_)) { node.span } else { node.key };
    if let Some(place) = report.place(span).filter(|_| depth > 0) {
        places.insert(path.clone(), place);
    }
    if depth == PLACES_DEPTH {
        return;
    }
    let end = path.len();
    match &node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::List(list) => {
            for (index, node) in list.iter().enumerate() {
                let _ = write!(path, "[{index}]");
                collect(node, depth + 1, path, report, places);
                path.truncate(end);
            }
        }
        Value::Map(map) => {
            for (key, node) in map {
                let _ = write!(path, "{}{key}", if end == 0 { "" } else { "." });
                collect(node, depth + 1, path, report, places);
                path.truncate(end);
            }
        }
    }
}

/// The node that the first part of `path` leads to, and the rest of the path. Keys may hold dots: the longest fits.
fn step<'n, 'p>(node: &'n Node, path: &'p str) -> Option<(&'n Node, &'p str)> {
    match &node.value {
        Value::List(list) => {
            let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
            let node = list.get(index.parse::<usize>().ok()?)?;
            Some((node, rest.strip_prefix('.').unwrap_or(rest)))
        }
        Value::Map(map) => {
            let mut ends = path.match_indices(['.', '[']).map(|(end, _)| end).chain([path.len()]).rev();
            let found = ends.find_map(|end| Some((map.get(&path[..end])?, &path[end..])));
            found.map(|(node, rest)| (node, rest.strip_prefix('.').unwrap_or(rest)))
        }
        Value::Null | Value::Scalar(_) => None,
    }
}

/// How the scalars of a tree that has passed [`crate::validate::document`] become values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalars {
    /// Of the type that their field has: `128m` is a number of bytes.
    Typed,
    /// The same, as it may be written in a file: variables are not replaced.
    Written,
}

impl Scalars {
    /// The value of a tree.
    pub(crate) fn json(self, node: &Node, schema: &Schema) -> Json {
        let schema = match schema {
            Schema::OrNull(schema)
            | Schema::Merged(_, schema)
            | Schema::Short(_, schema)
            | Schema::ShortNumber(_, schema) => {
                return self.json(node, schema);
            }
            Schema::Keyed(_, schema) => return self.json(node, schema),
            Schema::ScalarOr(scalar, other) => match &node.value {
                Value::Scalar(_) => return self.json(node, scalar),
                _ => return self.json(node, other),
            },
            schema => schema,
        };
        match &node.value {
            Value::Null => Json::Null,
            Value::Scalar(_) => self.scalar(node, schema),
            Value::List(list) => {
                let item = match schema {
                    Schema::List(item, _) | Schema::OneOrMore(item, _) => item,
                    Schema::Words | Schema::Hosts => &Schema::Text,
                    _ => &Schema::Any,
                };
                let mut list: Vec<_> = list.iter().map(|node| self.json(node, item)).collect();
                if let Schema::Hosts = schema {
                    let host = |entry: &Json| entry.as_str().and_then(|text| text.split('=').next().map(str::to_owned));
                    list.sort_by_cached_key(host);
                }
                Json::Array(list)
            }
            Value::Map(map) => {
                let mut out = Map::with_capacity(map.len());
                for (key, node) in map {
                    let value = match schema {
                        Schema::Map(fields) => self.json(node, field_schema(fields, key)),
                        Schema::Free(Schema::Loose | Schema::OrNull(Schema::TextOrNumber))
                        | Schema::Dict(NoValue::Empty | NoValue::Refused)
                            if node.is_null() =>
                        {
                            Json::String(String::new())
                        }
                        Schema::Names(item) | Schema::Free(item) => self.json(node, item),
                        Schema::Dict(_) => self.json(node, &Schema::Loose),
                        _ => self.json(node, &Schema::Any),
                    };
                    out.insert(key.clone(), value);
                }
                if !matches!(schema, Schema::Map(_) | Schema::Any) {
                    out.sort_keys();
                }
                Json::Object(out)
            }
        }
    }

    fn scalar(self, node: &Node, schema: &Schema) -> Json {
        let Value::Scalar(scalar) = &node.value else { return Json::Null };
        let text = || Json::String(scalar.text.clone());
        match schema {
            _ if self == Scalars::Written && scalar.is_text() && scalar.text.contains('$') => text(),
            Schema::Bytes | Schema::BytesText | Schema::Count | Schema::Number
                if self == Scalars::Written && scalar.is_text() =>
            {
                text()
            }
            Schema::TextOrNumber | Schema::FormOrNumber(..) if self == Scalars::Written && scalar.is_integer() => {
                scalar.int().map_or_else(text, Json::from)
            }
            Schema::Bool => scalar.bool().map_or_else(text, Json::Bool),
            Schema::Int(..) | Schema::BareInt => scalar.int().map_or_else(text, Json::from),
            Schema::Count if scalar.text.eq_ignore_ascii_case("all") => Json::from(-1),
            Schema::Count => scalar.int().map_or_else(text, Json::from),
            Schema::Number | Schema::Percent => scalar.number().map_or_else(text, number),
            Schema::Whole => scalar.whole().map_or_else(text, Json::from),
            Schema::Bytes | Schema::BytesText => scalar.bytes().map_or_else(text, Json::from),
            Schema::Mode => scalar.mode().map_or_else(text, Json::from),
            Schema::Loose | Schema::LooseValue | Schema::TextOrNumber | Schema::FormOrNumber(..) => {
                Json::String(scalar.display())
            }
            // A short form stays one where variables are not replaced.
            Schema::Any | Schema::Map(_) if !scalar.quoted => match scalar.kind {
                Kind::Bool(value) => Json::Bool(value),
                Kind::Int(value) => Json::from(value),
                Kind::UInt(value) => Json::from(value),
                Kind::Float(value) => number(value),
                Kind::Text => text(),
            },
            _ => text(),
        }
    }
}

/// Whether a map of the tree has keys of the author's own.
pub(crate) fn has_own_keys(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.iter().any(|(key, node)| key.starts_with("x-") || has_own_keys(node)),
        Value::List(list) => list.iter().any(has_own_keys),
        Value::Null | Value::Scalar(_) => false,
    }
}

/// Adds the author's own keys (`x-*`) of the tree's maps to the same maps of `value`: the types do not hold all of them.
pub(crate) fn add_own_keys(node: &Node, schema: &Schema, value: &mut Json) {
    let schema = match schema {
        Schema::OrNull(schema)
        | Schema::Merged(_, schema)
        | Schema::Short(_, schema)
        | Schema::ShortNumber(_, schema)
        | Schema::Keyed(_, schema)
        | Schema::ScalarOr(_, schema) => return add_own_keys(node, schema, value),
        schema => schema,
    };
    match (&node.value, value, schema) {
        (Value::Map(map), Json::Object(object), Schema::Map(fields)) => {
            for (key, node) in map {
                if key.starts_with("x-") {
                    object.entry(key).or_insert_with(|| Scalars::Typed.json(node, &Schema::Any));
                } else if let Some(value) = object.get_mut(key) {
                    add_own_keys(node, field_schema(fields, key), value);
                }
            }
        }
        (Value::Map(map), Json::Object(object), Schema::Names(item) | Schema::Free(item)) => {
            for (key, node) in map {
                object.get_mut(key).into_iter().for_each(|value| add_own_keys(node, item, value));
            }
        }
        (Value::List(nodes), Json::Array(values), Schema::List(item, _) | Schema::OneOrMore(item, _))
            if nodes.len() == values.len() =>
        {
            nodes.iter().zip(values).for_each(|(node, value)| add_own_keys(node, item, value));
        }
        _ => {}
    }
}

fn field_schema<'f>(fields: &'f [Field], key: &str) -> &'f Schema {
    fields.iter().find(|field| field.name == key).map_or(&Schema::Any, |field| &field.schema)
}

/// A number, without a fraction if it has none.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Json::from(value as i64);
    }
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}
