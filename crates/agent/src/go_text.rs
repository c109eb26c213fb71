//! Text operations with the rules of Go's package `strings`: case is mapped character by character.

/// Go's `strings.ToLower`: one character for one character, so that `İ` becomes `i`.
pub(crate) fn lower(text: &str) -> String {
    text.chars().map(lower_char).collect()
}

/// Go's `strings.ToUpper`: one character for one character, so that `ß` stays.
pub(crate) fn upper(text: &str) -> String {
    text.chars().map(upper_char).collect()
}

fn lower_char(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(lower), None) => lower,
        // The only character whose small form is two characters; Unicode's simple mapping is the first.
        (Some(lower), Some(_)) => lower,
        (None, _) => c,
    }
}

fn upper_char(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) => upper,
        _ => simple_upper(c),
    }
}

/// Capital forms of characters whose full mapping has several characters but whose simple mapping is one.
fn simple_upper(c: char) -> char {
    let code = u32::from(c);
    let mapped = match code {
        // Greek with ypogegrammeni: the form with prosgegrammeni, eight places on.
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => code + 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => code + 9,
        _ => code,
    };
    char::from_u32(mapped).unwrap_or(c)
}

/// Go's `unicode.IsSpace`.
pub(crate) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Go's `strconv.ParseFloat`: a number that is too large is none.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let named = text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_alphabetic());
    (named || number.is_finite()).then_some(number)
}

/// The length of the text in quotes that `text` begins with, quotes included.
pub(crate) fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Go's `strconv.Unquote` for texts in double quotes or backticks. Bytes that make no text become U+FFFD.
pub(crate) fn unquote(text: &str) -> Option<String> {
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
pub(crate) fn unquote_char(text: &str) -> Option<char> {
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

/// Reads what stands behind a backslash; gives the rest.
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

/// Go's `strconv.ParseUint(text, 0, 64)`: prefixes `0x`, `0o`, `0b` and `0`, and `_` between digits.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
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
