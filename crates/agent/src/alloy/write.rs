//! YAML as a person would write it, from values.

use std::fmt::Write as _;

use serde_json::Value;

use super::variable::VARIABLE;
use crate::config::environment;

/// The document, and whether it has variables. If it has, all else is escaped for `--expand-env`.
pub(super) fn yaml(value: &Value) -> (String, bool) {
    let mut out = String::new();
    write(value, 0, &mut out);
    if !out.contains(VARIABLE) {
        return (out, false);
    }
    let escaped = environment::escape(&out);
    (escaped.replace(VARIABLE[0], "${").replace(VARIABLE[1], "}"), true)
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
        scalar => out.push_str(&quoted(scalar)),
    }
}

/// What follows `name:` or `-`.
fn nested(value: &Value, indent: usize, out: &mut String) {
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    if (value.is_object() || value.is_array()) && !empty {
        out.push('\n');
        write(value, indent + 2, out);
    } else {
        out.push_str(&format!(" {}\n", quoted(value)));
    }
}

fn key(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let word =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&name.to_ascii_lowercase().as_str());
    if plain && starts && !word { name.to_owned() } else { quoted(&Value::from(name)) }
}

/// JSON's text is YAML's, too, but for the characters that YAML takes only as escapes (YAML 1.2, 5.1), and those that
/// break lines in YAML 1.1.
fn quoted(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::expand_environment;
    use crate::yaml;

    proptest::proptest! {
        #[test]
        fn every_text_is_read_back(text in "(?s).{0,40}", name in "(?s).{1,20}") {
            proptest::prop_assume!(!text.contains(VARIABLE) && !name.contains(VARIABLE));
            let (written, _) = super::yaml(&json!({ &name: text }));
            let read = yaml::read(&written).unwrap();
            proptest::prop_assert_eq!(read.get(&name).unwrap().as_text(), Some(text.as_str()), "{}", written);
        }

        #[test]
        fn what_is_no_variable_survives_the_expansion(text in r"(?s)[$\\{}1/a\x7f]{0,20}") {
            let [start, end] = VARIABLE;
            let (written, variables) = super::yaml(&json!({ "a": text, "b": format!("{text}{start}X{end}") }));
            proptest::prop_assert!(variables);
            let expanded = expand_environment(&written, &[("X".to_owned(), "x".to_owned())].into()).unwrap();
            let read = yaml::read(&expanded).unwrap();
            proptest::prop_assert_eq!(read.get("a").unwrap().as_text(), Some(text.as_str()));
            let both = format!("{text}x");
            proptest::prop_assert_eq!(read.get("b").unwrap().as_text(), Some(both.as_str()));
        }
    }
}
