//! `KEY=VALUE`

/// A label: `KEY=VALUE`.
pub(crate) fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("use KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `KEY=VALUE`, or `KEY` with its value from the environment.
pub(crate) fn variable(entry: &str) -> (String, Option<String>) {
    match entry.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (entry.to_owned(), std::env::var(entry).ok()),
    }
}
