//! The canonical form of a project as JSON and YAML text: reading it gives the same project again.

use serde_json::{Map, Value};

use crate::model::Project;

impl Project {
    /// The canonical form as a value, each `$` doubled so that reading it interpolates nothing.
    pub fn to_value(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        double_dollars(&mut value);
        value
    }

    /// The canonical form as JSON, indented by two spaces, with a line break at the end.
    pub fn to_json(&self) -> String {
        json(&self.to_value())
    }

    /// The canonical form as YAML.
    pub fn to_yaml(&self) -> String {
        yaml(&without_nulls(self.to_value()))
    }
}

/// Writes a value as JSON.
pub(crate) fn json(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Writes `$` as `$$`, which interpolation makes a `$` again.
fn double_dollars(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$"),
        Value::Array(list) => list.iter_mut().for_each(double_dollars),
        Value::Object(map) => map.values_mut().for_each(double_dollars),
        _ => {}
    }
}

/// Leaves out what a service does not set: JSON shows these two as null, YAML not at all.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Some(services) = value.get_mut("services").and_then(Value::as_object_mut) {
        for service in services.values_mut().filter_map(Value::as_object_mut) {
            for key in ["command", "entrypoint"] {
                if service.get(key).is_some_and(Value::is_null) {
                    service.shift_remove(key);
                }
            }
        }
    }
    value
}

/// Writes a value as YAML, block style, indented by two spaces.
pub(crate) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => block_map(map, 0, &mut out),
        Value::Array(list) if !list.is_empty() => block_list(list, 0, &mut out),
        value => {
            inline(value, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

fn block_map(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        // A list entry's first key stands on the line of its dash.
        if index > 0 || !out.ends_with("- ") {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&scalar(key));
        out.push(':');
        below(value, indent + 2, out);
    }
}

fn block_list(list: &[Value], indent: usize, out: &mut String) {
    for value in list {
        out.push_str(&" ".repeat(indent));
        out.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => block_map(map, indent + 2, out),
            value => {
                inline(value, indent + 2, out);
                out.push('\n');
            }
        }
    }
}

/// Writes the value of a key whose colon has just been written.
fn below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            block_map(map, indent, out);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            block_list(list, indent, out);
        }
        value => {
            out.push(' ');
            inline(value, indent, out);
            out.push('\n');
        }
    }
}

fn inline(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(text) => match block_scalar(text, indent) {
            Some(block) => out.push_str(&block),
            None => out.push_str(&scalar(text)),
        },
        // Collections in lists of lists, and empty ones, are JSON, which is YAML.
        value => out.push_str(&value.to_string()),
    }
}

/// Text of several lines as a literal block, if it can be one.
fn block_scalar(text: &str, indent: usize) -> Option<String> {
    let plain = text.chars().all(|c| {
        c == '\n'
            || c == '\t'
            || (!c.is_control() && c != '\u{feff}' && c != '\u{2028}' && c != '\u{2029}' && c != '\u{85}')
    });
    let first = text.lines().next()?;
    if !text.contains('\n')
        || !plain
        || first.is_empty()
        || first.starts_with([' ', '\t'])
        || text.lines().any(|line| line.ends_with([' ', '\t']))
    {
        return None;
    }
    let chomp = match (text.ends_with('\n'), text.ends_with("\n\n")) {
        (false, _) => "-",
        (true, false) => "",
        (true, true) => "+",
    };
    let pad = " ".repeat(indent);
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    let lines: Vec<_> =
        lines.map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") }).collect();
    Some(format!("|{chomp}\n{}", lines.join("\n")))
}

/// Text as a plain scalar where that reads back as the same text, else in double quotes.
fn scalar(text: &str) -> String {
    let safe = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '-' | '.' | '/' | '=' | '$' | '+' | '(' | ')' | ';' | '^' | '~' | '<' | '\\' | '@')
    };
    let dash = text.starts_with('-')
        && text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '-')
        && !text.starts_with("---");
    // `2s`, `127.0.0.1`: no reader takes these for a number or a date.
    let digit = text.starts_with(|c: char| c.is_ascii_digit() && c != '0')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let plain = (dash
        || digit
        || text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '.' | '_' | '$')))
        && text.chars().all(|c| {
            safe(c)
                || matches!(c, ' ' | ':' | ',' | '*' | '&' | '!' | '|' | '%' | '{' | '}' | '[' | ']' | '"' | '\'' | '?')
        })
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !is_word_of_yaml(text)
        && matches!(crate::scalar::plain(text), crate::scalar::Plain::Text);
    if plain {
        return text.to_owned();
    }
    Value::String(text.to_owned())
        .to_string()
        .replace('\u{7f}', "\\u007f")
        .replace('\u{feff}', "\\uFEFF")
        .replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Words that some YAML reader takes for a boolean or nothing.
fn is_word_of_yaml(text: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_reads_like_what_people_write() {
        let value = json!({
            "name": "demo",
            "services": {"web": {
                "command": ["sh", "-c", "echo a: b"],
                "empty": {}, "none": null, "yes": "yes", "port": "22:22", "octal": "0755", "n": 3,
                "ports": [{"target": 80, "published": "8080"}],
                "text": "one\ntwo\n",
            }},
        });
        insta::assert_snapshot!(yaml(&value), @r#"
        name: demo
        services:
          web:
            command:
              - sh
              - -c
              - "echo a: b"
            empty: {}
            none: null
            "yes": "yes"
            port: "22:22"
            octal: "0755"
            "n": 3
            ports:
              - target: 80
                published: "8080"
            text: |
              one
              two
        "#);
    }
}
