//! `KEY=VALUE`

/// A label: `KEY=VALUE`.
pub(crate) fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("use KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `KEY=VALUE`, or `KEY` with the value that `known` has for it, if any.
pub(crate) fn variable(entry: &str, known: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    match entry.split_once('=') {
        Some((key, value)) => Some((key.to_owned(), value.to_owned())),
        None => Some((entry.to_owned(), known(entry)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_alone_has_the_value_that_is_known_or_says_nothing() {
        let known = |key: &str| (key == "A").then(|| "known".to_owned());
        let of = |entry| variable(entry, known).map(|(key, value)| format!("{key}={value}"));
        assert_eq!(of("A=said").as_deref(), Some("A=said"));
        assert_eq!(of("A").as_deref(), Some("A=known"));
        assert_eq!(of("B"), None);
    }
}
