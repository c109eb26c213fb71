//! Replacements: `$1`, `${name}`, `$$`, by the rules of Go's `Regexp.Expand`.

use std::sync::Arc;

/// A parsed replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Number(usize),
    Name(String),
}

impl Replacement {
    /// Parses a replacement. A `$` that begins no reference stays as it is.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            plain.push_str(before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                plain.push('$');
                rest = after;
            } else if let Some((name, after)) = reference(rest) {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(group(name));
                rest = after;
            } else {
                plain.push('$');
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts)
    }

    /// A replacement that refers to no group.
    pub fn literal(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }

    /// The text, if it refers to no group.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is one group and nothing else; its number.
    pub fn as_group(&self) -> Option<usize> {
        match self.0.as_slice() {
            [Part::Number(number)] => Some(*number),
            _ => None,
        }
    }

    /// Appends the replacement, groups filled in; `names` are those of the expression's groups. A group that is not there, or took no part, is empty.
    pub fn expand(&self, names: &[Option<Arc<str>>], captures: &regex::Captures<'_>, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Number(number) => out.push_str(captures.get(*number).map_or("", |group| group.as_str())),
                Part::Name(name) => {
                    let named = names.iter().enumerate().filter(|(_, other)| other.as_deref() == Some(name.as_str()));
                    let group = named.filter_map(|(index, _)| captures.get(index)).next();
                    out.push_str(group.map_or("", |group| group.as_str()));
                }
            }
        }
    }
}

/// The name after a `$`, and the rest: `{name}`, or as many letters, digits and `_` as there are.
fn reference(text: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(braced) = text.strip_prefix('{') {
        let end = braced.find(|c| !is_name(c))?;
        return (end > 0 && braced[end..].starts_with('}')).then(|| (&braced[..end], &braced[end + 1..]));
    }
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A name of digits alone is a number, unless it has a leading zero or is absurdly long.
fn group(name: &str) -> Part {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
    match name.parse() {
        Ok(number) if is_number && number < 100_000_000 => Part::Number(number),
        _ => Part::Name(name.to_owned()),
    }
}
