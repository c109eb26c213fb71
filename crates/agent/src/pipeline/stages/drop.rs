//! `drop`: entries that meet all conditions go.

use std::borrow::Cow;

use wharf_go::regexp::Regex;

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::parts::{DropCounter, Parts};
use super::super::stage::{Edit, Verdict};
use crate::yaml::{Kind, Node, Scalar, Value};

#[derive(Debug)]
struct Drop {
    drops: DropCounter,
    sources: Option<Vec<String>>,
    separator: String,
    pattern: Option<Pattern>,
    /// Nanoseconds.
    older_than: Option<i64>,
    /// Bytes.
    longer_than: Option<u64>,
}

#[derive(Debug)]
enum Pattern {
    /// The whole text.
    Text(String),
    Regex(Regex),
}

pub(super) fn new(node: &Node, parts: &Parts) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::weak(node);
    if ["source", "expression", "older_than", "longer_than"].iter().all(|name| fields.find(name).is_none()) {
        fields.fail("", "one of `source`, `expression`, `older_than` and `longer_than` is needed");
    }
    let sources = sources(&mut fields);
    let reason = fields.text("drop_counter_reason").filter(|reason| !reason.is_empty());
    let separator = fields.text("separator").unwrap_or_else(|| ";".to_owned());
    let older_than = fields.duration("older_than");
    let value = fields.text("value");
    if value.is_some() && fields.find("source").is_none() {
        fields.fail("value", "`value` needs a `source` to compare with");
    } else if value.is_some() && fields.find("expression").is_some() {
        fields.fail("value", "only one of `value` and `expression` is allowed here");
    }
    let pattern = fields.regex("expression").map(Pattern::Regex).or(value.map(Pattern::Text));
    let longer_than = longer_than(&mut fields);
    let drops = parts.drops.counter(reason.as_deref().unwrap_or("drop_stage"));
    fields.complete(Some(Drop { drops, sources, separator, pattern, older_than, longer_than }))
}

/// One text, or a list of texts.
fn sources(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let node = fields.find("source")?;
    let text = |node: &Node| match &node.value {
        Value::Scalar(Scalar { text, kind: Kind::Text, .. }) => Some(text.clone()),
        _ => None,
    };
    let sources = match &node.value {
        Value::List(list) => list.iter().map(text).collect(),
        _ => text(node).map(|source| vec![source]),
    };
    if sources.is_none() {
        fields.fail("source", "`source` must be a text, or a list of texts");
    }
    sources
}

fn longer_than(fields: &mut Fields<'_>) -> Option<u64> {
    let text = fields.text("longer_than")?;
    let bytes = bytes(&text);
    if bytes.is_none() {
        fields.fail("longer_than", format!("`{text}` is not a size: write `8kb`, where k is 1024; without a fraction"));
    }
    bytes
}

/// `8kb`, `10B`, `3 megabytes`; k is 1024.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() && !unit.is_empty() {
        return None;
    }
    let number: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let unit = unit.trim().to_uppercase();
    const UNITS: [&str; 5] = ["KILO", "MEGA", "GIGA", "TERA", "PETA"];
    let power = match unit.as_str() {
        "" | "B" | "BYTE" => 0,
        "E" | "EB" => 6,
        unit => {
            let fits = |long: &&str| {
                let short = &long[..1];
                unit.strip_prefix(long).is_some_and(|rest| matches!(rest, "" | "BYTE" | "BYTES"))
                    || unit.strip_prefix(short).is_some_and(|rest| matches!(rest, "" | "B"))
            };
            UNITS.iter().position(fits)? as u32 + 1
        }
    };
    number.checked_mul(1024_u64.checked_pow(power)?)
}

impl Drop {
    fn applies(&self, entry: &Entry<'_>, now: Now) -> bool {
        if self.longer_than.is_some_and(|most| entry.line.len() as u64 <= most) {
            return false;
        }
        if self.older_than.is_some_and(|age| entry.timestamp >= now.unix.saturating_sub(age)) {
            return false;
        }
        match (&self.sources, &self.pattern) {
            (None, None) => true,
            (None, Some(pattern)) => pattern.matches(&entry.line),
            (Some(sources), None) => sources.iter().all(|source| entry.extracted.contains(source)),
            (Some(sources), Some(pattern)) => {
                let mut texts = Vec::with_capacity(sources.len());
                for source in sources {
                    match entry.extracted.text(source) {
                        Some(text) => texts.push(text),
                        // Null has no text to compare.
                        None if entry.extracted.contains(source) => return false,
                        None => {}
                    }
                }
                match texts.as_slice() {
                    [text] => pattern.matches(text),
                    texts => {
                        let texts: Vec<&str> = texts.iter().map(Cow::as_ref).collect();
                        pattern.matches(&texts.join(&self.separator))
                    }
                }
            }
        }
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Text(whole) => whole == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Edit for Drop {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        if self.applies(entry, now) {
            self.drops.count();
            return Verdict::Drop;
        }
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes() {
        for (text, size) in
            [("8kb", 8192), ("10B", 10), ("8 KB", 8192), ("3megabytes", 3 << 20), ("1e", 1 << 60), ("", 0), ("7", 7)]
        {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["1.5kb", "-1", "many", "1KiB", "99999999999e"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
