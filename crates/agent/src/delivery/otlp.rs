//! OTLP's logs, as protobuf (`opentelemetry/proto/collector/logs/v1/logs_service.proto`).
//!
//! Labels are the resource's attributes, with Loki's `service_name` as OpenTelemetry's `service.name`; structured metadata
//! are the record's.

use super::part::{Part, PartStream};

/// An `ExportLogsServiceRequest`.
pub(super) fn request(part: &Part<'_>, external: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for stream in &part.streams {
        let mut resource_logs = Vec::new();
        field(1, &resource(stream, external), &mut resource_logs);
        let mut scope_logs = Vec::new();
        for entry in stream.entries() {
            let mut record = Vec::new();
            fixed64(1, entry.timestamp.cast_unsigned(), &mut record);
            field(5, &text_value(entry.line), &mut record);
            for (name, value) in entry.metadata {
                field(6, &attribute(name, value), &mut record);
            }
            fixed64(11, entry.timestamp.cast_unsigned(), &mut record);
            field(2, &record, &mut scope_logs);
        }
        field(2, &scope_logs, &mut resource_logs);
        field(1, &resource_logs, &mut out);
    }
    out
}

fn resource(stream: &PartStream<'_>, external: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in stream.labels_with(external).iter() {
        let name = if name == "service_name" { "service.name" } else { name };
        field(1, &attribute(name, value), &mut out);
    }
    out
}

/// A `KeyValue`.
fn attribute(name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    field(1, name.as_bytes(), &mut out);
    field(2, &text_value(value), &mut out);
    out
}

/// An `AnyValue`. An empty string is written, too, although it is the default.
fn text_value(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    field(1, text.as_bytes(), &mut out);
    out
}

fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

fn fixed64(number: u8, value: u64, out: &mut Vec<u8>) {
    out.push(number << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}
