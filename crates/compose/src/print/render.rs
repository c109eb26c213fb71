//! The canonical form of a project as JSON and YAML text: reading it gives the same project again.

use serde_json::{Map, Value};

use crate::model::Project;
use crate::print::scalar_style::{block_scalar, scalar};

impl Project {
    /// The canonical form as a value, each `$` doubled so that reading it interpolates nothing.
    pub fn to_value(&self) -> Value {
        canonical(serde_json::to_value(self).unwrap_or_default())
    }

    /// The canonical form as JSON, indented by two spaces, with a line break at the end.
    pub fn to_json(&self) -> String {
        to_json(&self.to_value())
    }

    /// The canonical form as YAML.
    pub fn to_yaml(&self) -> String {
        to_yaml(&for_yaml(self.to_value()))
    }
}

/// Writes a value as JSON, indented by two spaces, with a line break at the end.
pub fn to_json(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// The value with `$` written as `$$`, which interpolation makes a `$` again, whole numbers as integers, and an `ipam` for each
/// network, as docker compose's JSON has it.
pub(crate) fn canonical(mut value: Value) -> Value {
    settle(&mut value);
    for network in value.get_mut("networks").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        if let Some(network) = network.as_object_mut() {
            network.entry("ipam").or_insert_with(no_settings);
        }
    }
    for service in value.get_mut("services").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        let devices = service.pointer_mut("/deploy/resources/reservations/devices").and_then(Value::as_array_mut);
        for request in devices.into_iter().flatten().filter_map(Value::as_object_mut) {
            // The specification demands the key, if only with an empty list.
            if !request.contains_key("capabilities") {
                request.shift_insert(0, "capabilities".to_owned(), Value::Array(Vec::new()));
            }
        }
    }
    value
}

fn no_settings() -> Value {
    Value::Object(Map::new())
}

fn settle(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$"),
        Value::Array(list) => list.iter_mut().for_each(settle),
        Value::Object(map) => map.values_mut().for_each(settle),
        Value::Number(number) if number.is_f64() => {
            if let Some(whole) = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15) {
                *value = Value::from(whole as i64);
            }
        }
        _ => {}
    }
}

/// Leaves out what is not set, and is in JSON all the same: the command and entrypoint of a service (null), and the `ipam` of a
/// network (empty).
pub(crate) fn for_yaml(mut value: Value) -> Value {
    let is_unset = |value: &Value| value.is_null() || *value == no_settings();
    for (section, keys) in [("services", &["command", "entrypoint"][..]), ("networks", &["ipam"])] {
        let objects = value.get_mut(section).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
        for object in objects.filter_map(Value::as_object_mut) {
            for key in keys {
                if object.get(*key).is_some_and(is_unset) {
                    object.shift_remove(*key);
                }
            }
        }
    }
    value
}

/// Writes a value as YAML, block style, indented by two spaces.
pub fn to_yaml(value: &Value) -> String {
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
        // A list entry's first key is on the line of its dash.
        if index > 0 || !out.ends_with("- ") {
            blanks(indent, out);
        }
        out.push_str(&scalar(key));
        out.push(':');
        below(value, indent + 2, out);
    }
}

fn block_list(list: &[Value], indent: usize, out: &mut String) {
    for value in list {
        blanks(indent, out);
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

fn blanks(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count));
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
        insta::assert_snapshot!(to_yaml(&value), @r#"
        name: demo
        services:
          web:
            command:
              - sh
              - -c
              - 'echo a: b'
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
