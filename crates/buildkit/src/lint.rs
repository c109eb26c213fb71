//! Checks of a Dockerfile, which the engine's frontend makes on a gateway request (`moby.buildkit.v1.frontend.LLBBridge`).

use std::collections::{BTreeMap, HashMap};

use http::Uri;
use http::uri::PathAndQuery;
use prost::Message;
use serde::Deserialize;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::client::Channel;

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule: `StageNameCasing`.
    pub rule: String,
    /// What the rule says.
    pub description: String,
    /// What is wrong here.
    pub detail: String,
    /// Where the rule is explained.
    pub url: String,
    /// The line, from 1.
    pub line: Option<usize>,
}

/// The part of `SolveRequest` (gateway.proto) that is used.
#[derive(Clone, PartialEq, Message)]
struct Solve {
    #[prost(string, tag = "2")]
    frontend: String,
    #[prost(map = "string, string", tag = "3")]
    options: HashMap<String, String>,
    #[prost(bool, tag = "5")]
    allow_result_return: bool,
    #[prost(bool, tag = "6")]
    allow_result_array_ref: bool,
}

/// The part of `SolveResponse`.
#[derive(Clone, PartialEq, Message)]
struct Solved {
    #[prost(message, optional, tag = "3")]
    result: Option<SolveResult>,
}

/// The part of `Result`.
#[derive(Clone, PartialEq, Message)]
struct SolveResult {
    #[prost(map = "string, bytes", tag = "10")]
    metadata: HashMap<String, Vec<u8>>,
}

/// The part of `ReturnRequest`.
#[derive(Clone, PartialEq, Message)]
struct Return {
    #[prost(message, optional, tag = "1")]
    result: Option<SolveResult>,
}

#[derive(Clone, PartialEq, Message)]
struct Empty {}

/// Asks the frontend for its checks, and then ends the build `reference`.
pub(crate) async fn lint(
    channel: Channel,
    reference: &str,
    frontend: &str,
    attributes: BTreeMap<String, String>,
) -> Result<Vec<Finding>, Status> {
    let mut options: HashMap<String, String> = attributes.into_iter().collect();
    options.insert("requestid".to_owned(), "frontend.lint".to_owned());
    options.insert("frontend.caps".to_owned(), "moby.buildkit.frontend.subrequests".to_owned());
    let solve =
        Solve { frontend: frontend.to_owned(), options, allow_result_return: true, allow_result_array_ref: true };
    let mut client = Grpc::with_origin(channel, Uri::from_static("http://buildkit"));
    let solved: Result<Solved, Status> = call(&mut client, reference, "Solve", solve).await;
    // The build around the check waits for this.
    let end = Return { result: Some(SolveResult::default()) };
    let _: Result<Empty, Status> = call(&mut client, reference, "Return", end).await;
    let metadata = solved?.result.unwrap_or_default().metadata;
    findings(metadata.get("result.json").map(Vec::as_slice).unwrap_or(b"{}"))
}

async fn call<Q, A>(client: &mut Grpc<Channel>, reference: &str, method: &'static str, message: Q) -> Result<A, Status>
where
    Q: Message + Send + Sync + 'static,
    A: Message + Default + Send + Sync + 'static,
{
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = format!("/moby.buildkit.v1.frontend.LLBBridge/{method}");
    let path = PathAndQuery::try_from(path).map_err(|error| Status::internal(error.to_string()))?;
    let mut request = Request::new(message);
    let id = MetadataValue::try_from(reference).map_err(|error| Status::internal(error.to_string()))?;
    request.metadata_mut().insert("buildkit-controlapi-buildid", id);
    Ok(client.unary(request, path, ProstCodec::<Q, A>::default()).await?.into_inner())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    warnings: Option<Vec<Warning>>,
    /// Why the Dockerfile cannot be understood at all.
    #[serde(default)]
    build_error: Option<BuildError>,
}

#[derive(Deserialize)]
struct BuildError {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Warning {
    rule_name: String,
    description: String,
    url: String,
    detail: String,
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct Range {
    start: Option<Position>,
}

#[derive(Deserialize)]
struct Position {
    #[serde(default)]
    line: usize,
}

fn findings(text: &[u8]) -> Result<Vec<Finding>, Status> {
    let unreadable = |error| Status::internal(format!("the builder's answer cannot be read: {error}"));
    let answer: Answer = serde_json::from_slice(text).map_err(unreadable)?;
    if let Some(BuildError { message }) = answer.build_error {
        return Err(Status::invalid_argument(message));
    }
    let finding = |warning: Warning| Finding {
        rule: warning.rule_name,
        description: warning.description,
        detail: warning.detail,
        url: warning.url,
        line: warning.location.and_then(|location| location.ranges.into_iter().next()?.start).map(|start| start.line),
    };
    Ok(answer.warnings.unwrap_or_default().into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_have_their_rule_and_line() {
        let text = br#"{"warnings":[{"ruleName":"FromAsCasing","description":"The 'as' keyword should match","url":"https://x",
            "detail":"'as' and 'FROM' keywords' casing do not match","location":{"sourceIndex":0,"ranges":[
            {"start":{"line":2,"character":0},"end":{"line":2,"character":0}}]}}],"sources":[]}"#;
        let found = findings(text).unwrap();
        assert_eq!((found[0].rule.as_str(), found[0].line), ("FromAsCasing", Some(2)));
        assert!(findings(br#"{"warnings":null}"#).unwrap().is_empty());
        let broken =
            br#"{"warnings":[],"buildError":{"message":"dockerfile parse error on line 2: unknown instruction: RUM"}}"#;
        assert_eq!(
            findings(broken).unwrap_err().message(),
            "dockerfile parse error on line 2: unknown instruction: RUM"
        );
    }
}
