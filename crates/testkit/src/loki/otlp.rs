//! OTLP logs, as the real Loki takes them. Attributes of the resource become labels, and `_` replaces invalid
//! characters.

use std::collections::BTreeMap;

use prost::Message;

use super::line::{LokiLine, Stream};

#[derive(Clone, PartialEq, Message)]
struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(message, repeated, tag = "2")]
    log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(fixed64, tag = "11")]
    observed_time_unix_nano: u64,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(string, optional, tag = "1")]
    string_value: Option<String>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Stream>, String> {
    let request = ExportRequest::decode(bytes).map_err(|error| error.to_string())?;
    Ok(request.resource_logs.into_iter().map(stream).collect())
}

fn stream(logs: ResourceLogs) -> Stream {
    let attributes = pairs(logs.resource.unwrap_or_default().attributes);
    let labels: Vec<String> =
        attributes.iter().map(|(name, value)| format!("{}={value:?}", name.replace('.', "_"))).collect();
    let records = logs.scope_logs.into_iter().flat_map(|scope| scope.log_records);
    let entries = records.map(|record| LokiLine {
        tenant: None,
        labels: BTreeMap::new(),
        time: i64::try_from(record.time_unix_nano).unwrap_or(i64::MAX),
        line: text(record.body),
        metadata: pairs(record.attributes).into_iter().collect(),
    });
    Stream { labels: format!("{{{}}}", labels.join(", ")), entries: entries.collect() }
}

fn pairs(list: Vec<KeyValue>) -> Vec<(String, String)> {
    list.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    value.and_then(|value| value.string_value).unwrap_or_default()
}
