//! Values as JSON.

use super::failed::Failed;
use super::value::{Value, list, map, text};
use crate::json;

/// Deepest nesting that is written.
const MAX_DEPTH: usize = 50;

/// How JSON is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// `<`, `>` and `&` are escaped.
    pub(super) html: bool,
    /// Items on lines of their own, as Go's `json.MarshalIndent` with two blanks.
    pub(super) pretty: bool,
}

impl Value {
    /// The value as JSON, on one line. Whole numbers keep all digits.
    ///
    /// # Errors
    ///
    /// It nests too deeply: a map may contain itself.
    pub fn to_json(&self) -> Result<String, Failed> {
        to_json(self, Style { html: false, pretty: false })
    }
}

pub(super) fn to_json(value: &Value, style: Style) -> Result<String, Failed> {
    let mut out = String::new();
    write(value, style, 0, &mut out)?;
    Ok(out)
}

pub(super) fn from_json(value: &json::JsonValue<'_>) -> Value {
    match value {
        json::JsonValue::Null => Value::Nil,
        json::JsonValue::Bool(value) => Value::Bool(*value),
        json::JsonValue::Number(number) => Value::Float(*number),
        json::JsonValue::Text(value) => text(value),
        json::JsonValue::List(items) => list(items.iter().map(from_json).collect()),
        json::JsonValue::Object(fields) => {
            map(fields.iter().map(|(key, value)| (key.to_string(), from_json(value))).collect())
        }
    }
}

fn write(value: &Value, style: Style, depth: usize, out: &mut String) -> Result<(), Failed> {
    if depth > MAX_DEPTH {
        return Err(Failed);
    }
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(number) | Value::Int64(number) => out.push_str(&number.to_string()),
        Value::Float(number) => json::write(&json::JsonValue::Number(*number), style.html, out),
        Value::Text(text) => json::write_text(text, style.html, out),
        Value::Time(_) => json::write_text(&value.show(), style.html, out),
        Value::Object(object) => out.push_str(&object.json()),
        Value::List(items, _) => {
            let items = items.iter().map(|item| (None, item.clone()));
            container(['[', ']'], items, style, depth, out)?;
        }
        Value::Map(fields) => {
            let fields = fields.borrow();
            let fields = fields.iter().map(|(key, value)| (Some(key.as_str()), value.clone()));
            container(['{', '}'], fields, style, depth, out)?;
        }
        Value::TextMap(fields) => {
            let fields = fields.iter().map(|(key, value)| (Some(key.as_str()), Value::Text(value.clone())));
            container(['{', '}'], fields, style, depth, out)?;
        }
    }
    Ok(())
}

fn container<'v>(
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<&'v str>, Value)>,
    style: Style,
    depth: usize,
    out: &mut String,
) -> Result<(), Failed> {
    let line = |depth: usize, out: &mut String| {
        if style.pretty {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    out.push(open);
    let mut is_empty = true;
    for (key, value) in items {
        if !is_empty {
            out.push(',');
        }
        is_empty = false;
        line(depth + 1, out);
        if let Some(key) = key {
            json::write_text(key, style.html, out);
            out.push_str(if style.pretty { ": " } else { ":" });
        }
        write(&value, style, depth + 1, out)?;
    }
    if !is_empty {
        line(depth, out);
    }
    out.push(close);
    Ok(())
}
