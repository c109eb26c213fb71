//! What the real Loki (3.4, default limits) refuses.

use std::collections::BTreeMap;

/// The most labels of a stream, including Loki's own `service_name`.
const MOST_LABELS: usize = 15;
const SECOND: i64 = 1_000_000_000;

/// Whether a timestamp is accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Time {
    Good,
    /// More than an hour before the stream's newest line.
    Behind,
    /// Older than a week, or more than ten minutes ahead.
    Outside(&'static str),
}

pub(super) fn time(time: i64, now: i64, newest: i64) -> Time {
    if time < now.saturating_sub(7 * 24 * 3600 * SECOND) {
        return Time::Outside("too old");
    }
    if time > now.saturating_add(600 * SECOND) {
        return Time::Outside("too new");
    }
    if time < newest.saturating_sub(3600 * SECOND) { Time::Behind } else { Time::Good }
}

/// Reads `{a="b", c="d"}`, or returns the real Loki's error.
pub(super) fn labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = BTreeMap::new();
    let bad = |at: usize, c: char| {
        format!("couldn't parse labels: 1:{}: parse error: unexpected character inside braces: '{c}'\n", at + 1)
    };
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let mut rest = inner.ok_or_else(|| format!("couldn't parse labels: {text}\n"))?.trim_start();
    while !rest.is_empty() {
        let at = text.len() - 1 - rest.len();
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let after = &rest[name.len()..];
        let value = match after.strip_prefix('=') {
            Some(value) if !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) => value,
            _ => return Err(bad(at + name.len(), after.chars().next().unwrap_or('}'))),
        };
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
        let read = values.next().and_then(Result::ok).ok_or_else(|| bad(at + name.len() + 1, '?'))?;
        let end = values.byte_offset();
        labels.insert(name, read);
        rest = value[end..].trim_start().trim_start_matches(',').trim_start();
    }
    let count = labels.len();
    if count > MOST_LABELS {
        return Err(format!("entry for stream '{text}' has {count} label names; limit {MOST_LABELS}\n"));
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_refused_as_by_a_real_one() {
        let read = labels(r#"{a="b", c="d\"e,}"}"#).unwrap();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("a".into(), "b".into()), ("c".into(), "d\"e,}".into())]);
        assert!(labels("{}").unwrap().is_empty());
        let error = labels(r#"{a-b="c"}"#).unwrap_err();
        assert_eq!(error, "couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-'\n");
        let many: Vec<String> = (0..16).map(|number| format!("l{number}=\"v\"")).collect();
        assert!(labels(&format!("{{{}}}", many.join(", "))).unwrap_err().contains("has 16 label names; limit 15"));
    }

    #[test]
    fn times_are_taken_as_by_a_real_one() {
        let now = 1_700_000_000 * SECOND;
        assert_eq!(time(now - 5400 * SECOND, now, now), Time::Behind);
        assert_eq!(time(now - 5400 * SECOND, now, i64::MIN), Time::Good);
        assert_eq!(time(now - 8 * 86_400 * SECOND, now, i64::MIN), Time::Outside("too old"));
        assert_eq!(time(now + 300 * SECOND, now, now), Time::Good);
        assert_eq!(time(now + 1200 * SECOND, now, now), Time::Outside("too new"));
    }
}
