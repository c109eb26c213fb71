//! Values to JSON, as Go's `encoding/json` and json-iterator write it.

use std::fmt::Write;

use super::value::JsonValue;

/// Appends a value, compactly; `html`: with `<`, `>` and `&` escaped.
pub fn write(value: &JsonValue<'_>, html: bool, out: &mut String) {
    match value {
        JsonValue::Null => out.push_str("null"),
        JsonValue::Bool(true) => out.push_str("true"),
        JsonValue::Bool(false) => out.push_str("false"),
        JsonValue::Number(number) => write_number(*number, out),
        JsonValue::Text(text) => write_text(text, html, out),
        JsonValue::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, html, out);
            }
            out.push(']');
        }
        JsonValue::Object(fields) => {
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(key, html, out);
                out.push(':');
                write(value, html, out);
            }
            out.push('}');
        }
    }
}

/// An exponent below 1e-6 and from 1e21 on.
fn write_number(number: f64, out: &mut String) {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
        // Writing to a text does not fail.
        let _ = write!(out, "{digits}e{sign}{power:0>2}");
    } else {
        let _ = write!(out, "{number}");
    }
}

/// Appends a text in quotes; `html`: with `<`, `>` and `&` escaped.
pub fn write_text(text: &str, html: bool, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let plain = match c {
            '"' | '\\' | '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => false,
            '<' | '>' | '&' => !html,
            _ => true,
        };
        if plain {
            continue;
        }
        out.push_str(&text[start..at]);
        start = at + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push_str(&text[start..]);
    out.push('"');
}
