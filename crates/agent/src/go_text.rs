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
