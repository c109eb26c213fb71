//! Encoded entries, read back: for another form of the same request, or for a part of it.

/// An entry as [`crate::push::StreamBuffer`] encodes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Nanoseconds since 1970.
    pub timestamp: i64,
    /// The line.
    pub line: &'a str,
    /// Structured metadata.
    pub metadata: Vec<(&'a str, &'a str)>,
    /// How many bytes the encoded entry takes.
    pub encoded: usize,
}

/// The entries at the start of `bytes`; ends at the first bytes that are not an entry.
pub fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let before = bytes.len();
        let (2, Field::Bytes(message)) = field(&mut bytes)? else { return None };
        let mut entry = Entry { timestamp: 0, line: "", metadata: Vec::new(), encoded: before - bytes.len() };
        each(message, |number, value| match (number, value) {
            (1, Field::Bytes(time)) => entry.timestamp = timestamp(time),
            (2, Field::Bytes(line)) => entry.line = std::str::from_utf8(line).unwrap_or_default(),
            (3, Field::Bytes(pair)) => entry.metadata.push(label_pair(pair)),
            _ => {}
        })?;
        Some(entry)
    })
}

fn timestamp(message: &[u8]) -> i64 {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    let _complete = each(message, |number, value| match (number, value) {
        (1, Field::Int(value)) => seconds = value.cast_signed(),
        (2, Field::Int(value)) => nanos = value.cast_signed(),
        _ => {}
    });
    // At the ends of the range, the product alone is beyond it.
    seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos)
}

fn label_pair(message: &[u8]) -> (&str, &str) {
    let (mut name, mut text) = ("", "");
    let _complete = each(message, |number, value| match (number, value) {
        (1, Field::Bytes(value)) => name = std::str::from_utf8(value).unwrap_or_default(),
        (2, Field::Bytes(value)) => text = std::str::from_utf8(value).unwrap_or_default(),
        _ => {}
    });
    (name, text)
}

#[derive(Debug, PartialEq, Eq)]
enum Field<'a> {
    Int(u64),
    Bytes(&'a [u8]),
}

fn each<'a>(mut message: &'a [u8], mut out: impl FnMut(u64, Field<'a>)) -> Option<()> {
    while !message.is_empty() {
        let (number, value) = field(&mut message)?;
        out(number, value);
    }
    Some(())
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(bytes)?;
    match tag & 7 {
        0 => Some((tag >> 3, Field::Int(varint(bytes)?))),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            let (value, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Some((tag >> 3, Field::Bytes(value)))
        }
        _ => None,
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::StreamBuffer;

    proptest::proptest! {
        #[test]
        fn what_was_encoded_is_read_back(
            times in proptest::collection::vec((proptest::num::i64::ANY, ".{0,8}", proptest::collection::vec(("[a-z]{1,4}", ".{0,4}"), 0..3)), 0..5),
        ) {
            let mut buffer = StreamBuffer::new("{}");
            for (time, line, metadata) in &times {
                buffer.push(*time, line, metadata);
            }
            let read: Vec<Entry<'_>> = entries(buffer.entries()).collect();
            proptest::prop_assert_eq!(read.iter().map(|entry| entry.encoded).sum::<usize>(), buffer.bytes());
            proptest::prop_assert_eq!(read.len(), times.len());
            for (entry, (time, line, metadata)) in read.iter().zip(&times) {
                proptest::prop_assert_eq!((entry.timestamp, entry.line), (*time, line.as_str()));
                let pairs: Vec<(&str, &str)> = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                proptest::prop_assert_eq!(&entry.metadata, &pairs);
            }
        }

        #[test]
        fn nothing_upsets_it(bytes: Vec<u8>) {
            let _ = entries(&bytes).count();
        }
    }
}
