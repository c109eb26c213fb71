//! Loki's push protocol: `logproto.PushRequest` as protobuf (to be compressed with snappy), and the JSON form.
//!
//! The messages, from Loki's `pkg/push/push.proto`:
//!
//! ```text
//! PushRequest { repeated Stream streams = 1 }
//! Stream      { string labels = 1; repeated Entry entries = 2 }
//! Entry       { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3 }
//! Timestamp   { int64 seconds = 1; int32 nanos = 2 }
//! LabelPair   { string name = 1; string value = 2 }
//! ```

mod decode;
mod json;

pub use decode::{Decoded, DecodedEntry, DecodedStream, Malformed, decode};
pub use json::encode_json;

/// The entries of one stream, encoded as they come.
#[derive(Debug, Clone, Default)]
pub struct StreamBuffer {
    labels: String,
    entries: Vec<u8>,
    count: usize,
}

impl StreamBuffer {
    /// A stream without entries. `labels` is the stream as `{a="b", c="d"}`.
    pub fn new(labels: impl Into<String>) -> Self {
        Self { labels: labels.into(), entries: Vec::new(), count: 0 }
    }

    /// The stream, as `{a="b", c="d"}`.
    pub fn labels(&self) -> &str {
        &self.labels
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The encoded size of the entries, in bytes.
    pub fn bytes(&self) -> usize {
        self.entries.len()
    }

    /// The encoded entries: [`crate::entries::entries`] reads them.
    pub fn entries(&self) -> &[u8] {
        &self.entries
    }

    /// A stream of entries that were encoded before.
    pub fn from_entries(labels: impl Into<String>, entries: Vec<u8>, count: usize) -> Self {
        Self { labels: labels.into(), entries, count }
    }

    /// Forgets the entries and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.count = 0;
    }

    /// Adds an entry. `timestamp` is in nanoseconds since 1970.
    pub fn push<N: AsRef<str>, V: AsRef<str>>(&mut self, timestamp: i64, line: &str, metadata: &[(N, V)]) {
        let (seconds, nanos) = (timestamp.div_euclid(1_000_000_000), timestamp.rem_euclid(1_000_000_000));
        let time = int_size(seconds) + int_size(nanos);
        let pair = |(name, value): &(N, V)| text_size(name.as_ref()) + text_size(value.as_ref());
        let pairs: usize = metadata.iter().map(&pair).map(framed).sum();
        let out = &mut self.entries;
        head(2, framed(time) + text_size(line) + pairs, out);
        head(1, time, out);
        int(1, seconds, out);
        int(2, nanos, out);
        text(2, line, out);
        for pair_of in metadata {
            head(3, pair(pair_of), out);
            text(1, pair_of.0.as_ref(), out);
            text(2, pair_of.1.as_ref(), out);
        }
        self.count += 1;
    }

    /// The encoded size of the stream within a request, in bytes.
    pub fn encoded_len(&self) -> usize {
        framed(text_size(&self.labels) + self.entries.len())
    }

    /// Appends the stream to a request; a request is its streams one after the other.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_head(&self.labels, self.entries.len(), out);
        out.extend_from_slice(&self.entries);
    }
}

/// Appends what comes before the encoded entries of a stream in a request; `entries` is their size in bytes.
pub fn write_head(labels: &str, entries: usize, out: &mut Vec<u8>) {
    head(1, text_size(labels) + entries, out);
    text(1, labels, out);
}

/// A protobuf request of these streams.
pub fn encode<'a>(streams: impl IntoIterator<Item = &'a StreamBuffer> + Clone) -> Vec<u8> {
    let size = streams.clone().into_iter().map(StreamBuffer::encoded_len).sum();
    let mut out = Vec::with_capacity(size);
    for stream in streams {
        stream.write(&mut out);
    }
    out
}

/// The size of a length-delimited field (number below 16) with `size` bytes of content.
#[inline]
fn framed(size: usize) -> usize {
    1 + varint_size(size as u64) + size
}

/// Protobuf leaves out what is empty or 0.
#[inline]
fn text_size(text: &str) -> usize {
    if text.is_empty() { 0 } else { framed(text.len()) }
}

#[inline]
fn int_size(value: i64) -> usize {
    if value == 0 { 0 } else { 1 + varint_size(value.cast_unsigned()) }
}

#[inline]
fn varint_size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[inline]
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
fn head(field: u8, size: usize, out: &mut Vec<u8>) {
    out.push(field << 3 | 2);
    varint(size as u64, out);
}

#[inline]
fn text(field: u8, text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        head(field, text.len(), out);
        out.extend_from_slice(text.as_bytes());
    }
}

#[inline]
fn int(field: u8, value: i64, out: &mut Vec<u8>) {
    if value != 0 {
        out.push(field << 3);
        varint(value.cast_unsigned(), out);
    }
}

#[cfg(test)]
mod tests;
