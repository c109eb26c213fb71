//! Values of settings as text, in the form that a Compose file has where there is one.

use serde_json::Value;

/// A text; one that is empty or has blanks is quoted, so that it is seen where it ends.
pub(super) fn text(value: &str) -> String {
    let is_plain = !value.is_empty() && !value.contains(char::is_whitespace) && value != "not set";
    if is_plain { value.to_owned() } else { format!("{value:?}") }
}

/// Words of a command, as a shell would take them.
pub(super) fn words(words: &[String]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+".contains(c);
    let word = |word: &String| match !word.is_empty() && word.chars().all(is_plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// A time in nanoseconds: `1m30s`, `500ms`.
pub(super) fn duration(nanoseconds: i64) -> String {
    let mut rest = nanoseconds;
    let mut text = String::new();
    for (unit, size) in
        [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000)]
    {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    match (text.is_empty(), rest) {
        (true, rest) => format!("{rest}ns"),
        (false, 0) => text,
        (false, rest) => format!("{text}{rest}ns"),
    }
}

/// A number of bytes in the largest unit that leaves a whole number: `64m`.
pub(super) fn bytes(bytes: i64) -> String {
    let units = [("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)];
    match units.into_iter().find(|(_, size)| bytes != 0 && bytes % size == 0) {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => bytes.to_string(),
    }
}

/// Any other setting: lists and maps on one line.
pub(super) fn json(value: &Value) -> String {
    match value {
        Value::String(value) => text(value),
        Value::Array(list) => list.iter().map(json).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            map.iter().map(|(key, value)| format!("{key}={}", json(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_in_a_file() {
        assert_eq!((text("redis2"), text(""), text("a b")), ("redis2".into(), "\"\"".into(), "\"a b\"".into()));
        assert_eq!(words(&["sh".into(), "-c".into(), "echo 'a'".into(), String::new()]), r"sh -c 'echo '\''a'\''' ''");
        assert_eq!(
            (duration(90_000_000_000), duration(500_000_000), duration(7)),
            ("1m30s".into(), "500ms".into(), "7ns".into())
        );
        assert_eq!(
            (bytes(67_108_864), bytes(1000), bytes(-1), bytes(0)),
            ("64m".into(), "1000".into(), "-1".into(), "0".into())
        );
        assert_eq!(json(&serde_json::json!([{"Name": "nofile", "Soft": 1}, "a"])), "Name=nofile Soft=1, a");
    }
}
