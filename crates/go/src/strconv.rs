//! Go's package `strconv`: strings as they are quoted in source (`"a\n"`, `` `raw` ``), and numbers.

/// The length of the text in quotes (double, single or backticks) that `text` begins with, quotes included.
pub fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            c if c == quote && !escaped => return Some(at + 1),
            _ if quote == '`' => {}
            '\n' => return None,
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    None
}

/// Go's `strconv.Unquote` for texts in double quotes or backticks. Bytes that make no text become U+FFFD.
pub fn unquote(text: &str) -> Option<String> {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.strip_suffix('`').filter(|raw| !raw.contains('`')).map(|raw| raw.replace('\r', ""));
    }
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' | '\n' => return None,
            '\\' => rest = unescape(rest, '"', &mut out)?,
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The character of a Go character constant, `'x'`.
pub fn unquote_char(text: &str) -> Option<char> {
    let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut chars = inside.chars();
    let first = chars.next()?;
    if first != '\\' {
        return chars.as_str().is_empty().then_some(first);
    }
    let mut out = Vec::new();
    if !unescape(chars.as_str(), '\'', &mut out)?.is_empty() {
        return None;
    }
    String::from_utf8(out).ok()?.chars().next()
}

/// Reads what follows a backslash; returns the rest.
fn unescape<'t>(text: &'t str, quote: char, out: &mut Vec<u8>) -> Option<&'t str> {
    let c = text.chars().next()?;
    let (digits, radix, is_byte) = match c {
        'x' => (2, 16, true),
        'u' => (4, 16, false),
        'U' => (8, 16, false),
        '0'..='7' => (3, 8, true),
        _ => {
            out.push(match c {
                'a' => 0x07,
                'b' => 0x08,
                'f' => 0x0c,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 0x0b,
                '\\' => b'\\',
                c if c == quote => c as u8,
                _ => return None,
            });
            return Some(&text[1..]);
        }
    };
    let start = usize::from(radix == 16);
    let number = text.get(start..start + digits)?;
    if !number.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(number, radix).ok()?;
    if is_byte {
        out.push(u8::try_from(code).ok()?);
    } else {
        out.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(&text[start + digits..])
}

/// Go's `strconv.Quote`.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            ' ' => out.push(' '),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() || (c.is_whitespace() && !c.is_ascii()) || c == '\u{feff}' || c == '\u{200b}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Go's `strconv.ParseFloat`; `None` for a number that is too large.
pub fn parse_float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let named = text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_alphabetic());
    (named || number.is_finite()).then_some(number)
}

/// Go's `strconv.ParseUint(text, 0, 64)`: prefixes `0x`, `0o`, `0b` and `0`, and `_` between digits.
pub fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    let prefixed = digits.len() < text.len();
    let separated = |(index, byte): (usize, u8)| {
        byte != b'_' || ((prefixed || index > 0) && !digits[index..].starts_with("__") && index + 1 < digits.len())
    };
    if digits.starts_with('+') || !digits.bytes().enumerate().all(separated) {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}
