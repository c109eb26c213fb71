//! The inside of JSON texts.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// The index of the next quote, backslash or control character, eight bytes at a time.
pub(super) fn special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control) & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// The length of an escape behind its backslash; `None` if there is no such escape.
pub(super) fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' if bytes.len() >= 5 && bytes[1..5].iter().all(u8::is_ascii_hexdigit) => Some(5),
        _ => None,
    }
}

/// Text without its escapes; `None` if one is wrong. Half a surrogate pair becomes U+FFFD.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let length = escape_length(after.as_bytes())?;
        rest = &after[length..];
        let c = match after.as_bytes()[0] {
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = unit(&after[1..5]);
                let second = rest.strip_prefix("\\u").and_then(|rest| rest.get(..4)).filter(|_| is_surrogate(first));
                match (char::from_u32(first), second) {
                    (Some(c), _) => c,
                    (None, Some(digits)) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                        rest = &rest[6..];
                        pair(first, unit(digits), &mut out)
                    }
                    (None, _) => char::REPLACEMENT_CHARACTER,
                }
            }
            byte => char::from(byte),
        };
        out.push(c);
    }
    out.push_str(rest);
    Some(out)
}

fn unit(digits: &str) -> u32 {
    u32::from_str_radix(digits, 16).unwrap_or_default()
}

fn is_surrogate(unit: u32) -> bool {
    (0xd800..0xe000).contains(&unit)
}

/// The character of a pair; of two halves that do not fit, the first is appended as U+FFFD.
fn pair(first: u32, second: u32, out: &mut String) -> char {
    if first < 0xdc00 && (0xdc00..0xe000).contains(&second) {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    out.push(char::REPLACEMENT_CHARACTER);
    char::from_u32(second).unwrap_or(char::REPLACEMENT_CHARACTER)
}
