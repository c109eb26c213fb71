//! `decolorize`: takes terminal colours out of the line.

use std::borrow::Cow;

use super::super::entry::Entry;
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};

#[derive(Debug)]
pub(super) struct Decolorize;

impl Edit for Decolorize {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        if let Some(plain) = plain(&entry.line) {
            entry.line = Cow::Owned(plain);
        }
        Verdict::Keep
    }
}

/// The text without its control sequences; `None` if it has none.
fn plain(text: &str) -> Option<String> {
    let mut out: Option<String> = None;
    let mut from = 0;
    let mut at = 0;
    while let Some(start) = text[at..].find(['\u{1b}', '\u{9b}']).map(|start| at + start) {
        let body = &text[start..];
        let introducer = body.chars().next().map_or(0, char::len_utf8);
        match sequence(&body[introducer..]) {
            Some(length) => {
                out.get_or_insert_default().push_str(&text[from..start]);
                from = start + introducer + length;
                at = from;
            }
            None => at = start + introducer,
        }
    }
    let mut out = out?;
    out.push_str(&text[from..]);
    Some(out)
}

/// The length of a control sequence behind its introducer: either a title, which ends with a bell, or numbers with a
/// letter behind.
fn sequence(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let opening = bytes.iter().take_while(|byte| b"[]()#;?".contains(byte)).count();
    // The more opening signs, the better; a `;` may also belong to the numbers, but needs some before it.
    (0..=opening).rev().find_map(|opening| {
        title(&bytes[opening..]).or_else(|| numbers(&bytes[opening..])).map(|length| opening + length)
    })
}

/// `abc;12` and a bell.
fn title(bytes: &[u8]) -> Option<usize> {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b';').count();
    (bytes.get(length) == Some(&7)).then_some(length + 1)
}

/// `1;31m`: up to four digits in each number. Of several ways to read it, the longest numbers that leave a final sign.
fn numbers(bytes: &[u8]) -> Option<usize> {
    let digits =
        |from: usize, most: usize| bytes[from..].iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let mut ends = vec![0];
    let first = digits(0, 4);
    ends.extend(1..=first);
    let mut at = first;
    while first > 0 && bytes.get(at) == Some(&b';') {
        let more = digits(at + 1, 4);
        ends.extend(at + 1..=at + 1 + more);
        at += 1 + more;
    }
    let is_final = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'P' | b'R' | b'Z' | b'c' | b'f'..=b'n' | b't' | b'q' | b'r' | b'y' | b'=' | b'>' | b'<' | b'~');
    ends.into_iter().rev().find(|end| bytes.get(*end).is_some_and(is_final)).map(|end| end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wharf_go::regexp::{Replacement, compile};

    use super::plain;

    #[test]
    fn colours_go() {
        assert_eq!(plain("\u{1b}[31;1mred\u{1b}[0m and \u{1b}]0;title\u{7}x"), Some("red and x".to_owned()));
        assert_eq!(plain("no colours"), None);
    }

    proptest! {
        /// The expression says what a sequence is; the code is the quicker way to find one.
        #[test]
        fn the_same_as_the_expression(text in "[\u{1b}\u{9b}\\[\\]();?#0-9mKJaz\u{7} é]{0,20}") {
            let expression = r"[\x{1b}\x{9b}][\[\]()#;?]*((([0-9A-Za-z]*(;[0-9A-Za-z]*)*)?\a)|((\d{1,4}(;\d{0,4})*)?[0-9A-PRZcf-ntqry=><~]))";
            let expected = compile(expression).unwrap().replace_all(&text, &Replacement::literal(""));
            prop_assert_eq!(plain(&text).unwrap_or_else(|| text.clone()), expected);
        }
    }
}
