//! The JSON form of a push request: `{"streams":[{"stream":{...},"values":[["NANOSECONDS","line",{...}]]}]}`.

use super::StreamBuffer;
use super::decode::decode;
use crate::labels::Labels;
use wharf_go::json::write_text;

/// A JSON request of these streams, each with its labels.
pub fn encode_json<'a>(streams: impl IntoIterator<Item = (&'a Labels, &'a StreamBuffer)>) -> String {
    let mut out = String::from("{\"streams\":[");
    for (index, (labels, stream)) in streams.into_iter().enumerate() {
        out.push_str(if index > 0 { ",{\"stream\":" } else { "{\"stream\":" });
        object(labels.iter(), &mut out);
        out.push_str(",\"values\":[");
        values(stream, &mut out);
        out.push_str("]}");
    }
    out.push_str("]}");
    out
}

fn values(stream: &StreamBuffer, out: &mut String) {
    let mut bytes = Vec::with_capacity(stream.encoded_len());
    stream.write(&mut bytes);
    let decoded = decode(&bytes).expect("a stream buffer holds what it was given");
    for (index, entry) in decoded.streams.iter().flat_map(|stream| &stream.entries).enumerate() {
        out.push_str(if index > 0 { ",[\"" } else { "[\"" });
        out.push_str(&entry.timestamp.to_string());
        out.push_str("\",");
        write_text(entry.line, false, out);
        if !entry.metadata.is_empty() {
            out.push(',');
            object(entry.metadata.iter().copied(), out);
        }
        out.push(']');
    }
}

fn object<'t>(pairs: impl Iterator<Item = (&'t str, &'t str)>, out: &mut String) {
    out.push('{');
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(name, false, out);
        out.push(':');
        write_text(value, false, out);
    }
    out.push('}');
}
