//! The formats that the real Loki accepts: protobuf with snappy, JSON, either with gzip, and OTLP.

use std::collections::BTreeMap;
use std::io::Read;

use prost::Message;

use super::line::{LokiLine, Stream};

#[derive(Clone, PartialEq, Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<StreamAdapter>,
}

#[derive(Clone, PartialEq, Message)]
struct StreamAdapter {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<EntryAdapter>,
}

#[derive(Clone, PartialEq, Message)]
struct EntryAdapter {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    line: String,
    #[prost(message, repeated, tag = "3")]
    structured_metadata: Vec<LabelPair>,
}

#[derive(Clone, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The streams of a request, and its decompressed size.
pub(super) fn decode(
    path: &str,
    kind: Option<&str>,
    encoding: Option<&str>,
    body: &[u8],
) -> Result<(Vec<Stream>, usize), String> {
    let mut unpacked = Vec::new();
    let body = match encoding {
        Some("gzip") => {
            flate2::read::GzDecoder::new(body).read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
            unpacked.as_slice()
        }
        _ => body,
    };
    match (path, kind) {
        ("/loki/api/v1/push", Some("application/x-protobuf")) => {
            let bytes = snap::raw::Decoder::new().decompress_vec(body).map_err(|error| error.to_string())?;
            Ok((protobuf(&bytes)?, bytes.len()))
        }
        ("/loki/api/v1/push", Some("application/json")) => Ok((json(body)?, body.len())),
        ("/otlp/v1/logs", Some("application/x-protobuf")) => Ok((super::otlp::decode(body)?, body.len())),
        _ => Err(format!("{path} takes no {kind:?}")),
    }
}

fn line(time: i64, line: String, metadata: BTreeMap<String, String>) -> LokiLine {
    LokiLine { tenant: None, labels: BTreeMap::new(), time, line, metadata }
}

fn protobuf(bytes: &[u8]) -> Result<Vec<Stream>, String> {
    let request = PushRequest::decode(bytes).map_err(|error| error.to_string())?;
    let entry = |entry: EntryAdapter| {
        let time = entry.timestamp.unwrap_or_default();
        let pairs = entry.structured_metadata.into_iter().map(|pair| (pair.name, pair.value)).collect();
        line(time.seconds * 1_000_000_000 + i64::from(time.nanos), entry.line, pairs)
    };
    let stream = |stream: StreamAdapter| Stream {
        labels: stream.labels,
        entries: stream.entries.into_iter().map(entry).collect(),
    };
    Ok(request.streams.into_iter().map(stream).collect())
}

fn json(bytes: &[u8]) -> Result<Vec<Stream>, String> {
    let request: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut streams = Vec::new();
    for stream in request["streams"].as_array().ok_or("no streams")? {
        let labels = texts(&stream["stream"])?;
        let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let mut entries = Vec::new();
        for value in stream["values"].as_array().ok_or("no values")? {
            let time = value[0].as_str().and_then(|time| time.parse().ok()).ok_or("no time")?;
            let text = value[1].as_str().ok_or("no line")?.to_owned();
            let metadata = value.get(2).map_or_else(|| Ok(BTreeMap::new()), texts)?;
            entries.push(line(time, text, metadata));
        }
        streams.push(Stream { labels: format!("{{{}}}", pairs.join(", ")), entries });
    }
    Ok(streams)
}

fn texts(value: &serde_json::Value) -> Result<BTreeMap<String, String>, String> {
    let map = value.as_object().ok_or("no map of texts")?;
    let pair =
        |(name, value): (&String, &serde_json::Value)| Ok((name.clone(), value.as_str().ok_or("no text")?.to_owned()));
    map.iter().map(pair).collect()
}
