//! Texts of the engine on a terminal: whoever makes an image or a label must not write escape sequences or lines there.

use std::borrow::Cow;
use std::io::IsTerminal;

use serde_json::Value;
use wharf_go::strconv::quote;

/// A text in one line, with control characters as Go writes them in quotes: `\n`, `\x1b`.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// The same for a text that may have several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_hidden = |c: char| c.is_control() || is_direction(c);
    if !text.chars().any(|c| is_hidden(c) && !kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if kept(c) => out.push(c),
            c if is_direction(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c.is_control() => out.push_str(quote(c.encode_utf8(&mut [0; 4])).trim_matches('"')),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Characters that change the direction of what follows them, and so what a line seems to say.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A value as JSON in one line. JSON leaves some control characters as they are, which terminals obey.
pub(crate) fn json(value: &Value) -> String {
    let text = value.to_string();
    match text.chars().any(|c| c.is_control()) {
        false => text,
        true => text
            .chars()
            .flat_map(|c| match c.is_control() {
                true => format!("\\u{:04x}", u32::from(c)).chars().collect::<Vec<_>>(),
                false => vec![c],
            })
            .collect(),
    }
}

/// The rows that a template is given: on a terminal without control characters, for programs as they are.
pub(crate) fn rows(rows: impl Iterator<Item = Value>) -> Vec<serde_json::Map<String, Value>> {
    let terminal = std::io::stdout().is_terminal();
    let row = |mut row: Value| {
        if terminal {
            clean(&mut row);
        }
        match row {
            Value::Object(row) => Some(row),
            _ => None,
        }
    };
    rows.filter_map(row).collect()
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = one_line(text).into_owned(),
        Value::Array(list) => list.iter_mut().for_each(clean),
        Value::Object(map) => map.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(one_line("shop-web-1 \"ü\\"), "shop-web-1 \"ü\\");
        assert_eq!(one_line("\x1b]0;title\x07\x1b[2J"), r"\x1b]0;title\a\x1b[2J");
        assert_eq!(one_line("a\nb\tc\r\u{9b}2J\u{7f}"), r"a\nb\tc\r\u009b2J\x7f");
        assert_eq!(one_line("safe\u{202e}cod"), r"safe\u202ecod");
        assert_eq!(lines("a\n\x1b[2Jb\n"), "a\n\\x1b[2Jb\n");
    }

    #[test]
    fn json_has_no_control_characters_at_all() {
        let value = serde_json::json!({ "a": "\u{9b}2J\u{7f}\x1b" });
        let text = json(&value);
        assert_eq!(text, r#"{"a":"\u009b2J\u007f\u001b"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_template_gets_clean_values() {
        let mut row = serde_json::json!({ "Labels": "a=\x1b[2J", "Publishers": [{ "URL": "\n" }] });
        clean(&mut row);
        assert_eq!(row, serde_json::json!({ "Labels": r"a=\x1b[2J", "Publishers": [{ "URL": r"\n" }] }));
    }
}
