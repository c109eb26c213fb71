//! A request's body in each format.

use std::fmt::Write as _;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use wharf_loki::push::write_head;

use super::part::Part;

/// Snappy compresses blocks of this size independently.
const BLOCK: usize = 64 * 1024;

/// What is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PushFormat {
    /// Loki's protobuf, compressed with snappy.
    #[default]
    Protobuf,
    /// Loki's JSON.
    Json,
    /// OTLP/HTTP logs, as protobuf.
    Otlp,
}

/// A body and the headers that describe it.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) content_type: &'static str,
    pub(super) encoding: Option<&'static str>,
    pub(super) bytes: Bytes,
}

/// Encodes a part. `external` are labels for each stream, unless it has them.
pub(super) fn body(part: &Part<'_>, format: PushFormat, gzip: bool, external: &[(String, String)]) -> Body {
    let (content_type, plain) = match format {
        PushFormat::Protobuf => {
            let bytes = Bytes::from(protobuf(part, external));
            return Body { content_type: "application/x-protobuf", encoding: None, bytes };
        }
        PushFormat::Json => ("application/json", json(part, external)),
        PushFormat::Otlp => ("application/x-protobuf", super::otlp::request(part, external)),
    };
    if !gzip {
        return Body { content_type, encoding: None, bytes: plain.into() };
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    match encoder.write_all(&plain).and_then(|()| encoder.finish()) {
        Ok(bytes) => Body { content_type, encoding: Some("gzip"), bytes: bytes.into() },
        // Writing to memory does not fail; the uncompressed body would be right, too.
        Err(_) => Body { content_type, encoding: None, bytes: plain.into() },
    }
}

/// `logproto.PushRequest`, compressed with snappy, without the whole in memory at any time.
fn protobuf(part: &Part<'_>, external: &[(String, String)]) -> Vec<u8> {
    let heads: Vec<Vec<u8>> = part
        .streams
        .iter()
        .map(|stream| {
            let mut head = Vec::new();
            write_head(&stream.labels_with(external).to_string(), stream.encoded.len(), &mut head);
            head
        })
        .collect();
    let pieces = heads.iter().zip(&part.streams).flat_map(|(head, stream)| [head.as_slice(), stream.encoded]);
    snappy(pieces)
}

/// Snappy's raw format: the length, then blocks that are compressed independently.
fn snappy<'a>(pieces: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let length: usize = pieces.clone().map(<[u8]>::len).sum();
    let mut out = Vec::with_capacity(length / 4 + 64);
    out.extend_from_slice(varint(length).as_slice());
    let mut encoder = snap::raw::Encoder::new();
    let mut block_out = vec![0; snap::raw::max_compress_len(BLOCK)];
    for block in pieces.flat_map(|piece| piece.chunks(BLOCK)) {
        // The only error is a buffer that is too small, and this one has room for the worst case.
        if let Ok(size) = encoder.compress(block, &mut block_out) {
            out.extend_from_slice(&block_out[varint(block.len()).len()..size]);
        }
    }
    out
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(5);
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// Loki's JSON form: `{"streams":[{"stream":{...},"values":[["<ns>","<line>",{...}]]}]}`.
fn json(part: &Part<'_>, external: &[(String, String)]) -> Vec<u8> {
    let mut out = String::from("{\"streams\":[");
    for (index, stream) in part.streams.iter().enumerate() {
        out.push_str(if index > 0 { ",{\"stream\":{" } else { "{\"stream\":{" });
        object(stream.labels_with(external).iter(), &mut out);
        out.push_str("},\"values\":[");
        for (index, entry) in stream.entries().enumerate() {
            if index > 0 {
                out.push(',');
            }
            // Writing to a string does not fail.
            let _ = write!(out, "[\"{}\",{}", entry.timestamp, quoted(entry.line));
            if !entry.metadata.is_empty() {
                out.push_str(",{");
                object(entry.metadata.iter().copied(), &mut out);
                out.push('}');
            }
            out.push(']');
        }
        out.push_str("]}");
    }
    out.push_str("]}");
    out.into_bytes()
}

fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, out: &mut String) {
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            out.push(',');
        }
        let _ = write!(out, "{}:{}", quoted(name), quoted(value));
    }
}

fn quoted(text: &str) -> serde_json::Value {
    text.into()
}

#[cfg(test)]
mod tests {
    use wharf_loki::Labels;
    use wharf_loki::push::{StreamBuffer, encode};

    use super::*;
    use crate::batch::{BatchStream, Request};

    fn request(lines: &[&str]) -> Request {
        let labels = Labels::empty().with("a", "b");
        let mut entries = StreamBuffer::new(labels.to_string());
        for (time, line) in lines.iter().enumerate() {
            entries.push(time as i64, line, &[("k", "v")]);
        }
        Request { streams: vec![BatchStream { labels, entries }], ..Request::default() }
    }

    #[test]
    fn what_is_compressed_in_blocks_is_one_snappy_stream() {
        let long = "0123456789".repeat(20_000);
        let request = request(&["one", &long, "three"]);
        let sent = body(&Part::whole(&request), PushFormat::Protobuf, false, &[]);
        let read = snap::raw::Decoder::new().decompress_vec(&sent.bytes).unwrap();
        assert_eq!(read, encode(request.streams.iter().map(|stream| &stream.entries)));
    }

    #[test]
    fn json_has_lokis_form_and_external_labels_do_not_replace() {
        let request = request(&["a \"line\""]);
        let external = [("a".to_owned(), "x".to_owned()), ("host".to_owned(), "h".to_owned())];
        let sent = body(&Part::whole(&request), PushFormat::Json, false, &external);
        let text = String::from_utf8(sent.bytes.to_vec()).unwrap();
        assert_eq!(text, r#"{"streams":[{"stream":{"a":"b","host":"h"},"values":[["0","a \"line\"",{"k":"v"}]]}]}"#);
    }

    #[test]
    fn gzip_says_so() {
        use std::io::Read;
        let request = request(&["a"]);
        let sent = body(&Part::whole(&request), PushFormat::Json, true, &[]);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&sent.bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(sent.encoding, Some("gzip"));
        assert!(text.starts_with("{\"streams\""));
    }
}
