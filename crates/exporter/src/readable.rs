//! Bytes from outside as labels.

/// Bytes as text. Those that are not UTF-8 are written as `\xE9`, so that two names stay two.
pub(crate) fn readable(bytes: &[u8]) -> String {
    bytes.utf8_chunks().fold(String::with_capacity(bytes.len()), |mut text, chunk| {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_utf_8_stay_apart() {
        assert_eq!(readable(b"caf\xe9"), "caf\\xE9");
        assert_eq!(readable(b"caf\xe8 \xc3\xa9"), "caf\\xE8 \u{e9}");
    }
}
