//! Go's package `strings`: case is mapped character by character.

/// Go's `strings.ToLower`: one character for one character, so that `İ` becomes `i`.
pub fn lower(text: &str) -> String {
    text.chars().map(lower_char).collect()
}

/// Go's `strings.ToUpper`: one character for one character, so that `ß` stays.
pub fn upper(text: &str) -> String {
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
pub fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Go's `strings.Replace`: the first `count` places, or all if `count` is negative.
pub fn replace(text: &str, old: &str, new: &str, count: i64) -> String {
    match usize::try_from(count) {
        Ok(count) => text.replacen(old, new, count),
        Err(_) => text.replace(old, new),
    }
}

/// Go's `strings.Trim`: takes the characters of `cut` off both ends.
pub fn trim<'t>(text: &'t str, cut: &str) -> &'t str {
    text.trim_matches(|c| cut.contains(c))
}

/// Go's `strings.TrimPrefix`.
pub fn trim_prefix<'t>(text: &'t str, prefix: &str) -> &'t str {
    text.strip_prefix(prefix).unwrap_or(text)
}

/// Go's `strings.TrimSuffix`.
pub fn trim_suffix<'t>(text: &'t str, suffix: &str) -> &'t str {
    text.strip_suffix(suffix).unwrap_or(text)
}

/// Go's `strings.Title`: every word begins with a capital letter.
pub fn title(text: &str) -> String {
    let is_letter = |c: char| if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { !is_space(c) };
    at_word_starts(text, |before| !is_letter(before), upper)
}

/// Changes the first character, and each whose predecessor is a `separator`.
pub(crate) fn at_word_starts(text: &str, separator: impl Fn(char) -> bool, change: fn(&str) -> String) -> String {
    let mut before = ' ';
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if separator(before) {
            out.push_str(&change(c.encode_utf8(&mut [0; 4])));
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}
