//! Records of the engine's `json-file` logs: `{"log":"text\n","stream":"stdout","time":"2026-11-21T07:44:26.1Z"}`.
//!
//! The text is borrowed from the record unless it has escapes other than the line break at its end.

use std::borrow::Cow;

use memchr::memchr2;
use serde::Deserialize;

use super::{Stream, time};

/// One record: a line, or a piece of 16 KiB of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The text, without the line break.
    pub text: &'a [u8],
    /// Whether the line ends here. If not, the next record of this stream and time continues it.
    pub ended: bool,
    /// Where it was written.
    pub stream: Stream,
    /// When the engine took it, in nanoseconds since 1970.
    pub time: i64,
}

/// Reads a record, given without its line break. A text with escapes is unescaped into `scratch`. `None`: not a record.
pub fn parse<'a>(record: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Record<'a>> {
    match quick(record, scratch) {
        Some((text, ended, stream, time)) => {
            let text = match text {
                Text::Borrowed(text) => text,
                Text::InScratch(length) => &scratch[..length],
            };
            Some(Record { text, ended, stream, time })
        }
        None => thorough(record, scratch),
    }
}

enum Text<'a> {
    Borrowed(&'a [u8]),
    /// This many of the first bytes of the scratch buffer.
    InScratch(usize),
}

/// The form that the engine writes, key by key.
fn quick<'a>(record: &'a [u8], scratch: &mut Vec<u8>) -> Option<(Text<'a>, bool, Stream, i64)> {
    let rest = record.strip_prefix(br#"{"log":""#)?;
    let stop = memchr2(b'"', b'\\', rest)?;
    let (text, ended, rest) = match &rest[stop..] {
        [b'"', after @ ..] => (Text::Borrowed(&rest[..stop]), false, after),
        [b'\\', b'n', b'"', after @ ..] => (Text::Borrowed(&rest[..stop]), true, after),
        _ => {
            let (length, after) = unescape(rest, scratch)?;
            let ended = length > 0 && scratch[length - 1] == b'\n';
            (Text::InScratch(length - usize::from(ended)), ended, after)
        }
    };
    let rest = rest.strip_prefix(br#","stream":"std"#)?;
    let (stream, rest) = match (rest.strip_prefix(br#"out","time":""#), rest.strip_prefix(br#"err","time":""#)) {
        (Some(rest), _) => (Stream::Stdout, rest),
        (_, Some(rest)) => (Stream::Stderr, rest),
        _ => return None,
    };
    let time = time::parse(rest.strip_suffix(br#""}"#)?)?;
    Some((text, ended, stream, time))
}

/// Unescapes a JSON string into the first bytes of `out`; gives their number, and what follows the closing quote. A
/// lone surrogate becomes U+FFFD.
///
/// Lines that are JSON have an escape every few bytes: between them it goes by words, not by calls.
fn unescape<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<(usize, &'a [u8])> {
    // No escape is shorter than its meaning; and a word may reach beyond the end.
    if out.len() < text.len() + WORD {
        out.resize(text.len() + WORD, 0);
    }
    let (mut rest, mut length) = (text, 0);
    loop {
        while let Some(word) = rest.first_chunk::<WORD>() {
            out[length..length + WORD].copy_from_slice(word);
            let plain = plain_bytes(*word);
            length += plain;
            rest = &rest[plain..];
            if plain < WORD {
                break;
            }
        }
        let (byte, after) = match rest {
            [b'"', after @ ..] => return Some((length, after)),
            [b'\\', byte, after @ ..] => (*byte, after),
            // Near the record's end, where no word is left.
            [byte, after @ ..] => {
                out[length] = *byte;
                length += 1;
                rest = after;
                continue;
            }
            [] => return None,
        };
        rest = after;
        out[length] = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let (c, after) = unicode(rest)?;
                length += c.encode_utf8(&mut out[length..]).len();
                rest = after;
                continue;
            }
            _ => return None,
        };
        length += 1;
    }
}

const WORD: usize = size_of::<u64>();

/// How many bytes of a word come before its first quote or backslash.
fn plain_bytes(word: [u8; WORD]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    // Each zero byte becomes 0x80. So may a byte above one, but the first is right.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let word = u64::from_le_bytes(word);
    let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
    (found.trailing_zeros() / 8) as usize
}

/// What follows `\u`: four hexadecimal digits, or eight and another `\u` for what lies beyond U+FFFF.
fn unicode(text: &[u8]) -> Option<(char, &[u8])> {
    let unit = |text: &[u8]| {
        let digits = text.first_chunk::<4>()?;
        digits.iter().try_fold(0_u32, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
    };
    let first = unit(text)?;
    let after = &text[4..];
    if (0xd800..0xdc00).contains(&first)
        && let Some(low) = after.strip_prefix(b"\\u").and_then(unit)
        && (0xdc00..0xe000).contains(&low)
    {
        let c = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00))?;
        return Some((c, &after[6..]));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), after))
}

/// Any JSON object with these keys, such as one with `attrs` (`--log-opt labels=...`).
fn thorough<'a>(record: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Record<'a>> {
    #[derive(Deserialize)]
    struct Any<'a> {
        #[serde(borrow, default)]
        log: Cow<'a, str>,
        #[serde(borrow)]
        time: Cow<'a, str>,
        #[serde(borrow, default)]
        stream: Cow<'a, str>,
    }
    let any: Any<'a> = serde_json::from_slice(record).ok()?;
    let time = time::parse(any.time.as_bytes())?;
    let stream = if any.stream == "stderr" { Stream::Stderr } else { Stream::Stdout };
    scratch.clear();
    scratch.extend_from_slice(any.log.as_bytes());
    let ended = scratch.last() == Some(&b'\n');
    scratch.truncate(scratch.len() - usize::from(ended));
    Some(Record { text: scratch, ended, stream, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(record: &str) -> Option<(String, bool, Stream, i64)> {
        let mut scratch = Vec::new();
        let record = parse(record.as_bytes(), &mut scratch)?;
        Some((String::from_utf8(record.text.to_vec()).unwrap(), record.ended, record.stream, record.time))
    }

    const TIME: i64 = 1_700_000_000_000_000_042;

    #[test]
    fn a_line_is_borrowed_and_pieces_are_known() {
        let line = r#"{"log":"hello\n","stream":"stdout","time":"2023-11-14T22:13:20.000000042Z"}"#;
        let mut scratch = Vec::new();
        assert!(matches!(
            quick(line.as_bytes(), &mut scratch),
            Some((Text::Borrowed(b"hello"), true, Stream::Stdout, TIME))
        ));
        let piece = r#"{"log":"hel","stream":"stderr","time":"2023-11-14T22:13:20.000000042Z"}"#;
        assert_eq!(read(piece), Some(("hel".into(), false, Stream::Stderr, TIME)));
        let empty = r#"{"log":"\n","stream":"stdout","time":"2023-11-14T22:13:20.000000042Z"}"#;
        assert_eq!(read(empty), Some((String::new(), true, Stream::Stdout, TIME)));
    }

    #[test]
    fn escapes_are_undone() {
        let line = r#"{"log":"\"a\" \\n \t\u003c\u00e9\ud83d\ude00\ud83d!\r\n","stream":"stdout","time":"2023-11-14T22:13:20Z"}"#;
        let (text, ended, ..) = read(line).unwrap();
        assert_eq!((text.as_str(), ended), ("\"a\" \\n \t<é😀\u{fffd}!\r", true));
    }

    #[test]
    fn other_keys_and_another_order_are_understood() {
        let line = r#"{"log":"x\n","stream":"stderr","attrs":{"tag":"a\"b"},"time":"2023-11-14T22:13:20Z"}"#;
        assert_eq!(read(line).unwrap().0, "x");
        let line = r#"{ "time":"2023-11-14T22:13:20Z", "log":"\u0041\n" }"#;
        assert_eq!(read(line), Some(("A".into(), true, Stream::Stdout, 1_700_000_000_000_000_000)));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for record in [
            "",
            "{}",
            "text",
            r#"{"log":"a"#,
            r#"{"log":"a\n","stream":"stdout"}"#,
            r#"{"log":"a\x","stream":"stdout","time":"2023-11-14T22:13:20Z"}"#,
        ] {
            assert_eq!(read(record), None, "{record}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_any_json_writer_wrote_is_read_back(text: String, time in 0_i64..4_000_000_000_000_000_000, ended: bool) {
            let moment = jiff::Timestamp::from_nanosecond(i128::from(time)).unwrap().to_string();
            let log = if ended { format!("{text}\n") } else { text.clone() };
            let record = serde_json::json!({"log": log, "stream": "stdout", "time": moment}).to_string();
            let ended = ended || text.ends_with('\n');
            let text = log.strip_suffix('\n').unwrap_or(&log).to_owned();
            proptest::prop_assert_eq!(read(&record), Some((text, ended, Stream::Stdout, time)));
        }

        #[test]
        fn nothing_upsets_it(start in proptest::sample::select(vec!["", "{\"log\":\"", "{\"log\":\"a\\u"]), rest: Vec<u8>) {
            let record = [start.as_bytes(), &rest].concat();
            let _ = parse(&record, &mut Vec::new());
        }
    }
}
