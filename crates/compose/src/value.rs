//! Turns a finished tree into plain values, each of the type that its field has, and remembers where each was written.

use std::collections::HashMap;

use serde_json::{Map, Number, Value as Json};

use crate::node::{Node, Span, Value};
use crate::place::Places;
use crate::report::{At, Report};
use crate::shape::{Field, NoValue, Shape};

/// Where the values of a tree were written, by path (`services.web.ports[0]`).
#[derive(Default)]
pub(crate) struct Spans(HashMap<String, (Span, Span, Option<Span>)>);

impl Spans {
    /// Remembers the places of all values of the tree.
    pub(crate) fn of(node: &Node) -> Self {
        let mut spans = Self::default();
        spans.walk(node, &mut String::new());
        spans
    }

    fn walk(&mut self, node: &Node, path: &mut String) {
        use std::fmt::Write as _;
        if !path.is_empty() {
            self.0.insert(path.clone(), (node.key, node.span, node.used));
        }
        let end = path.len();
        match &node.value {
            Value::Null | Value::Scalar(_) => {}
            Value::List(list) => {
                for (index, node) in list.iter().enumerate() {
                    let _ = write!(path, "[{index}]");
                    self.walk(node, path);
                    path.truncate(end);
                }
            }
            Value::Map(map) => {
                for (key, node) in map {
                    let _ = write!(path, "{}{key}", if end == 0 { "" } else { "." });
                    self.walk(node, path);
                    path.truncate(end);
                }
            }
        }
    }

    fn find(&self, path: &str) -> Option<&(Span, Span, Option<Span>)> {
        let mut path = path;
        loop {
            if let Some(found) = self.0.get(path) {
                return Some(found);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// The place of the value at `path`, or of what is around it.
    pub(crate) fn at(&self, path: &str) -> At {
        self.find(path).map_or(At::NOWHERE, |(_, span, used)| At::new(*span, *used))
    }

    /// The place of the key at `path`, or of what is around it.
    pub(crate) fn key(&self, path: &str) -> At {
        self.find(path).map_or(At::NOWHERE, |(key, _, used)| At::new(*key, *used))
    }

    /// The span of the value at `path` itself.
    pub(crate) fn span(&self, path: &str) -> Option<Span> {
        self.0.get(path).map(|(_, span, _)| *span)
    }

    /// The same as places in files. What stands for a collection is its key: its first entry may come from anywhere.
    pub(crate) fn places(&self, report: &Report) -> Places {
        let mut places = Places::default();
        for (path, (key, span, _)) in &self.0 {
            let of_element = path.matches(['.', '[']).count() == 1;
            if let Some(place) = report.place(if of_element { *key } else { *span }) {
                places.insert(path.clone(), place);
            }
        }
        places
    }
}

/// The value of a tree that has passed [`crate::conform`].
pub(crate) fn json(node: &Node, shape: &Shape) -> Json {
    let shape = match shape {
        Shape::OrNull(shape) | Shape::Merged(_, shape) | Shape::Short(_, shape) | Shape::ShortNumber(_, shape) => {
            return json(node, shape);
        }
        Shape::Keyed(_, shape) => return json(node, shape),
        Shape::ScalarOr(scalar, other) => match &node.value {
            Value::Scalar(_) => return json(node, scalar),
            _ => return json(node, other),
        },
        shape => shape,
    };
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar(_) => scalar(node, shape),
        Value::List(list) => {
            let item = match shape {
                Shape::List(item, _) | Shape::OneOrMore(item, _) => item,
                Shape::Words | Shape::Hosts => &Shape::Text,
                _ => &Shape::Any,
            };
            Json::Array(list.iter().map(|node| json(node, item)).collect())
        }
        Value::Map(map) => {
            let mut out = Map::with_capacity(map.len());
            for (key, node) in map {
                let value = match shape {
                    Shape::Map(fields) => json(node, field_shape(fields, key)),
                    Shape::Free(_) | Shape::Dict(NoValue::Empty) if node.is_null() => Json::String(String::new()),
                    Shape::Names(item) | Shape::Free(item) => json(node, item),
                    Shape::Dict(_) => json(node, &Shape::Loose),
                    _ => json(node, &Shape::Any),
                };
                out.insert(key.clone(), value);
            }
            if !matches!(shape, Shape::Map(_) | Shape::Any) {
                out.sort_keys();
            }
            Json::Object(out)
        }
    }
}

fn field_shape<'f>(fields: &'f [Field], key: &str) -> &'f Shape {
    fields.iter().find(|field| field.name == key).map_or(&Shape::Any, |field| &field.shape)
}

fn scalar(node: &Node, shape: &Shape) -> Json {
    use crate::scalar::{Plain, plain};
    let Value::Scalar(scalar) = &node.value else { return Json::Null };
    let text = || Json::String(scalar.text.clone());
    match shape {
        Shape::Bool => scalar.bool().map_or_else(text, Json::Bool),
        Shape::Int(..) => scalar.int().map_or_else(text, Json::from),
        Shape::Count if scalar.text.eq_ignore_ascii_case("all") => Json::from(-1),
        Shape::Count => scalar.int().map_or_else(text, Json::from),
        Shape::Number => scalar.number().map_or_else(text, number),
        Shape::Whole => scalar.number().map_or_else(text, |value| Json::from(value as i64)),
        Shape::Bytes | Shape::BytesText => scalar.bytes().map_or_else(text, Json::from),
        Shape::Mode => scalar.mode().map_or_else(text, Json::from),
        Shape::Loose | Shape::LooseValue | Shape::TextOrNumber => Json::String(scalar.display()),
        Shape::Any if !scalar.quoted => match plain(&scalar.text) {
            Plain::Bool(value) => Json::Bool(value),
            Plain::Int(value) => Json::from(value),
            Plain::Float(value) => number(value),
            Plain::Null => Json::Null,
            Plain::Text => text(),
        },
        _ => text(),
    }
}

/// A number, without a fraction if it has none.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Json::from(value as i64);
    }
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}
