//! YAML as a person would write it, from values.

use serde_json::Value;

/// The document.
pub(super) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

/// Writes a mapping or a list at an indentation; the cursor is at the start of a line, or behind `- `.
fn write(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) => {
            for (index, (name, value)) in map.iter().enumerate() {
                if index > 0 || out.is_empty() || out.ends_with('\n') {
                    out.push_str(&" ".repeat(indent));
                }
                out.push_str(&format!("{}:", key(name)));
                nested(value, indent, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                out.push_str(&" ".repeat(indent));
                out.push('-');
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        out.push(' ');
                        write(item, indent + 2, out);
                    }
                    item => nested(item, indent, out),
                }
            }
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// What follows `name:` or `-`.
fn nested(value: &Value, indent: usize, out: &mut String) {
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    if (value.is_object() || value.is_array()) && !empty {
        out.push('\n');
        write(value, indent + 2, out);
    } else {
        out.push_str(&format!(" {value}\n"));
    }
}

/// JSON's text is YAML's, too.
fn key(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let word =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&name.to_ascii_lowercase().as_str());
    if plain && starts && !word { name.to_owned() } else { Value::from(name).to_string() }
}
