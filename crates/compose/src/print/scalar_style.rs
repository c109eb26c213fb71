//! How text is written as a YAML scalar, in the style that docker compose writes it in: plain where that reads back as
//! the same text, for readers of YAML 1.1 and 1.2 alike.

use std::borrow::Cow;

use wharf_yaml::Kind;

use crate::read::dialect::DIALECT;

/// Text of several lines as a literal block, if it can be one.
pub(crate) fn block_scalar(text: &str, indent: usize) -> Option<String> {
    if !text.contains('\n') {
        return None;
    }
    let first = text.lines().next()?;
    if !text.chars().all(|c| matches!(c, '\n' | '\t') || is_printable(c))
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

/// Text on one line: plain, in single quotes, or in double quotes.
pub(crate) fn scalar(text: &str) -> Cow<'_, str> {
    let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.chars().all(is_printable);
    if !is_printable || reads_as_another_type(text) {
        return double_quoted(text).into();
    }
    match has_indicator(text) {
        true => format!("'{}'", text.replace('\'', "''")).into(),
        false => text.into(),
    }
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether some reader takes the plain text for a number, a boolean, a date, a merge key or nothing.
fn reads_as_another_type(text: &str) -> bool {
    /// None is longer than five bytes.
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    DIALECT.kind(text) != Some(Kind::Text)
        || text == "<<"
        || text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || is_base_60(text)
        || is_date(text)
}

/// `12:30:45`, a number in YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let Some((first, rest)) = text.trim_start_matches(['-', '+']).split_once(':') else { return false };
    let below_60 = |part: &str| part.len() <= 2 && part.parse::<u8>().is_ok_and(|number| number < 60);
    let whole = rest.split_once('.').map_or(rest, |(whole, _)| whole);
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && whole.split(':').all(below_60)
}

/// `2020-01-01`, alone or with a time.
fn is_date(text: &str) -> bool {
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    year == 4 && text[year..].starts_with('-') && text[year + 1..].contains('-')
}

/// Whether a part of the text means something in YAML.
fn has_indicator(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let blank_follows = chars.next().is_none_or(|next| next == ' ');
    matches!(
        first,
        ' ' | '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
    ) || (matches!(first, '?' | ':' | '-') && blank_follows)
        || text.starts_with("---")
        || text.starts_with("...")
        || text.ends_with([' ', ':'])
        || text.as_bytes().windows(2).any(|two| matches!(two, b": " | b" #"))
}

/// JSON's form, which YAML reads, with the escapes that JSON does without.
fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_plain_where_every_reader_takes_it_for_the_same_text() {
        for text in
            ["a b", "2001::3", "https://x.y/z.git#main:dir", "10.0.0.0/24", "100-103", "-c", "a, b", "x=1", "0s", "é"]
        {
            assert_eq!(scalar(text), text);
        }
    }

    #[test]
    fn what_yaml_would_read_otherwise_is_quoted() {
        for text in ["", "yes", "0755", "22:22", "2020-01-01", "~", "null", "1e3", "<<", "a\tb", "\u{7}"] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        for text in ["*.go", "a: b", "a:", "- x", "-", "? x", "x #y", "'a'", " x", "@a", "---"] {
            assert!(scalar(text).starts_with('\''), "{text}");
        }
        assert_eq!(scalar("it's: x"), "'it''s: x'");
        assert_eq!(scalar("a\u{7}\"b"), "\"a\\u0007\\\"b\"");
    }
}
