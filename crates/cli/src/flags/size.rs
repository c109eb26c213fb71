//! Sizes: `512m`.

/// A number of bytes, with a unit of 1024 if there is one: `512m`.
pub(crate) fn parse_size(text: &str) -> Result<i64, String> {
    let text = text.to_lowercase();
    let number = text.trim_end_matches('b').trim_end_matches(['k', 'm', 'g']);
    let factor = match text.trim_end_matches('b').as_bytes().last() {
        Some(b'k') => 1 << 10,
        Some(b'm') => 1 << 20,
        Some(b'g') => 1 << 30,
        _ => 1,
    };
    let size = number.parse::<i64>().ok().and_then(|number| number.checked_mul(factor)).filter(|size| *size > 0);
    size.ok_or_else(|| "use a size like 512m or 2g".to_owned())
}
