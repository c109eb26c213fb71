//! logfmt lines: `level=info msg="hello world" done`, by the rules of Go's package go-logfmt.

use std::borrow::Cow;

/// The pairs of a text, line by line. Ends at the first fault; see [`Pairs::failed`].
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    /// The rest of this line.
    line: &'a str,
    /// The lines after this one.
    rest: Option<&'a str>,
    failed: bool,
}

/// The pairs of a text. A key without a value has the empty one.
pub fn pairs(text: &str) -> Pairs<'_> {
    Pairs { line: "", rest: Some(text), failed: false }
}

impl<'a> Pairs<'a> {
    /// Whether a fault ended the text early.
    pub fn failed(&self) -> bool {
        self.failed
    }

    fn fail(&mut self) -> Option<(&'a str, Cow<'a, str>)> {
        self.failed = true;
        (self.line, self.rest) = ("", None);
        None
    }

    /// The value behind a `=`: up to a blank, or in quotes.
    fn value(&mut self) -> Option<Cow<'a, str>> {
        if self.line.starts_with('"') {
            let (inside, escaped) = quoted(&self.line[1..])?;
            self.line = &self.line[inside.len() + 2..];
            return if escaped { unquote(inside).map(Cow::Owned) } else { Some(Cow::Borrowed(inside)) };
        }
        let end = self.line.bytes().position(|byte| byte <= b' ' || byte == b'=' || byte == b'"');
        let (value, rest) = self.line.split_at(end.unwrap_or(self.line.len()));
        self.line = rest;
        (!rest.starts_with(['=', '"'])).then_some(Cow::Borrowed(value))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.line.bytes().position(|byte| byte > b' ');
            if let Some(start) = start {
                self.line = &self.line[start..];
                break;
            }
            let rest = self.rest.take()?;
            match memchr::memchr(b'\n', rest.as_bytes()) {
                Some(end) => (self.line, self.rest) = (&rest[..end], Some(&rest[end + 1..])),
                None => self.line = rest,
            }
        }
        let end = self.line.bytes().position(|byte| byte <= b' ' || byte == b'=' || byte == b'"');
        let (key, rest) = self.line.split_at(end.unwrap_or(self.line.len()));
        // A replacement character in a key is assumed to come from invalid UTF-8.
        if rest.starts_with('"') || (key.is_empty() && rest.starts_with('=')) || key.contains('\u{fffd}') {
            return self.fail();
        }
        match rest.strip_prefix('=') {
            Some(rest) => {
                self.line = rest;
                match self.value() {
                    Some(value) => Some((key, value)),
                    None => self.fail(),
                }
            }
            None => {
                self.line = rest;
                Some((key, Cow::Borrowed("")))
            }
        }
    }
}

/// The text up to the closing quote, and whether it has escapes.
fn quoted(text: &str) -> Option<(&str, bool)> {
    let bytes = text.as_bytes();
    let (mut at, mut escaped) = (0, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
        if bytes[at] == b'"' {
            return Some((&text[..at], escaped));
        }
        escaped = true;
        at += 2;
        if at > bytes.len() {
            return None;
        }
    }
}

/// Text without its escapes, which are JSON's and `\'`; a control character is a fault.
fn unquote(text: &str) -> Option<String> {
    if text.bytes().any(|byte| byte < b' ') {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut ahead = after.chars();
        let c = ahead.next()?;
        rest = ahead.as_str();
        out.push(match c {
            '"' | '\\' | '/' | '\'' => c,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = unit(rest)?;
                rest = &rest[4..];
                let second = rest.strip_prefix("\\u").and_then(unit);
                match (char::from_u32(first), second) {
                    (Some(c), _) => c,
                    (None, Some(second)) if first < 0xdc00 && (0xdc00..0xe000).contains(&second) => {
                        rest = &rest[6..];
                        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?
                    }
                    (None, _) => char::REPLACEMENT_CHARACTER,
                }
            }
            _ => return None,
        });
    }
    out.push_str(rest);
    Some(out)
}

fn unit(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> (Vec<(String, String)>, bool) {
        let mut reader = pairs(text);
        let pairs = reader.by_ref().map(|(key, value)| (key.to_owned(), value.into_owned())).collect();
        (pairs, reader.failed())
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn pairs_flags_and_quotes() {
        let text = "level=info flag empty= msg=\"a \\\"b\\\" \\u00e9\" t=\"\"\nnext=line";
        let expected =
            [("level", "info"), ("flag", ""), ("empty", ""), ("msg", "a \"b\" é"), ("t", ""), ("next", "line")];
        assert_eq!(all(text), (owned(&expected), false));
    }

    #[test]
    fn a_fault_ends_the_text_and_keeps_what_came_before() {
        for (text, before) in [
            ("a=1 =2 b=3", vec![("a", "1")]),
            ("a=1 b=\"x", vec![("a", "1")]),
            ("a=1 b\"c", vec![("a", "1")]),
            ("a=1=2", vec![]),
            ("a=1 b=\"\\q\"", vec![("a", "1")]),
        ] {
            assert_eq!(all(text), (owned(&before), true), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-c=\" \\\\nu0-9é\n\u{1}]{0,40}") {
            all(&text);
        }
    }
}
