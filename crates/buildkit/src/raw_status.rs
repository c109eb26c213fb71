//! A report of the engine as a line of JSON, with the names that docker's `--progress rawjson` has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vertexes: Vec<Vertex<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statuses: Vec<Moved<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logs: Vec<Log<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning<'a>>,
}

#[derive(Serialize)]
struct Vertex<'a> {
    digest: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    inputs: &'a [String],
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cached: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

#[derive(Serialize)]
struct Moved<'a> {
    id: &'a str,
    vertex: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    total: i64,
    current: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<String>,
}

#[derive(Serialize)]
struct Log<'a> {
    vertex: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    stream: i64,
    /// Base64.
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

#[derive(Serialize)]
struct Warning<'a> {
    vertex: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    level: i64,
    /// Base64.
    short: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn time(time: &Timestamp) -> Option<String> {
    Some(jiff::Timestamp::new(time.seconds, time.nanos).ok()?.to_string())
}

/// The report as a line, without its end.
pub(crate) fn line(report: &StatusResponse) -> String {
    let at = |value: &Option<Timestamp>| value.as_ref().and_then(time);
    let line = Report {
        vertexes: report
            .vertexes
            .iter()
            .map(|vertex| Vertex {
                digest: &vertex.digest,
                inputs: &vertex.inputs,
                name: &vertex.name,
                started: at(&vertex.started),
                completed: at(&vertex.completed),
                cached: vertex.cached,
                error: &vertex.error,
            })
            .collect(),
        statuses: report
            .statuses
            .iter()
            .map(|status| Moved {
                id: &status.id,
                vertex: &status.vertex,
                name: &status.name,
                total: status.total,
                current: status.current,
                timestamp: at(&status.timestamp),
                started: at(&status.started),
                completed: at(&status.completed),
            })
            .collect(),
        logs: report
            .logs
            .iter()
            .map(|log| Log {
                vertex: &log.vertex,
                stream: log.stream,
                data: STANDARD.encode(&log.msg),
                timestamp: at(&log.timestamp),
            })
            .collect(),
        warnings: report
            .warnings
            .iter()
            .map(|warning| Warning {
                vertex: &warning.vertex,
                level: warning.level,
                short: STANDARD.encode(&warning.short),
                url: &warning.url,
            })
            .collect(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard_buildkit_proto::moby::buildkit::v1::{Vertex, VertexLog};

    #[test]
    fn a_report_has_dockers_names() {
        let started = Some(Timestamp { seconds: 1_700_000_000, nanos: 5_000_000 });
        let vertex = Vertex { digest: "sha256:a".into(), name: "[1/1] RUN x".into(), started, ..Vertex::default() };
        let log = VertexLog { vertex: "sha256:a".into(), stream: 1, msg: b"hi\n".to_vec(), ..VertexLog::default() };
        let report = StatusResponse { vertexes: vec![vertex], logs: vec![log], ..StatusResponse::default() };
        insta::assert_snapshot!(line(&report), @r#"{"vertexes":[{"digest":"sha256:a","name":"[1/1] RUN x","started":"2023-11-14T22:13:20.005Z"}],"logs":[{"vertex":"sha256:a","stream":1,"data":"aGkK"}]}"#);
    }
}
