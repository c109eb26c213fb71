//! Why a build failed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::google::rpc;
use prost::Message;
use serde::Deserialize;
use tonic::Status;

/// Why a build did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine has no BuildKit.
    #[error("the engine has no BuildKit ({0})")]
    Absent(wharf_docker::Error),
    /// The connection could not be opened, or broke.
    #[error(transparent)]
    Engine(#[from] wharf_docker::Error),
    /// The builder refused or failed.
    #[error("{}", .0.message)]
    Failed(Failure),
}

/// What the builder says of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened, without the words of the layers between.
    pub message: String,
    /// The lines of the Dockerfile that it is about: their first and last number, from 1.
    pub lines: Option<(usize, usize)>,
    /// The name of the file and its text, as the builder has it.
    pub source: Option<(String, String)>,
}

impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        Error::Engine(error.into())
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Error::Failed(Failure::of(&status))
    }
}

/// `errdefs.Source` of BuildKit, which it sends as JSON.
#[derive(Deserialize)]
struct Source {
    info: Option<SourceInfo>,
    #[serde(default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct SourceInfo {
    #[serde(default)]
    filename: String,
    /// Base64.
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct Range {
    start: Option<Position>,
    end: Option<Position>,
}

#[derive(Deserialize)]
struct Position {
    #[serde(default)]
    line: usize,
}

impl Failure {
    /// What a gRPC status says, with the details that BuildKit attaches.
    pub(crate) fn of(status: &Status) -> Self {
        let message = plain(status.message());
        let details = rpc::Status::decode(status.details()).map(|status| status.details).unwrap_or_default();
        // Outer sources come last: the innermost is the instruction itself.
        let is_source = |url: &str| url.ends_with("errdefs.Source+json");
        let sources = details.iter().filter(|detail| is_source(&detail.type_url));
        let source = sources.filter_map(|detail| serde_json::from_slice::<Source>(&detail.value).ok()).next();
        let Some(Source { info, ranges }) = source else {
            let lines = line_in(&message).map(|line| (line, line));
            return Failure { message, lines, source: None };
        };
        let numbers =
            ranges.iter().flat_map(|range| [&range.start, &range.end]).flatten().map(|position| position.line);
        let numbers: Vec<usize> = numbers.filter(|line| *line > 0).collect();
        let lines = numbers.iter().min().zip(numbers.iter().max()).map(|(first, last)| (*first, *last));
        let lines = lines.or_else(|| line_in(&message).map(|line| (line, line)));
        let text = |data: &str| String::from_utf8_lossy(&STANDARD.decode(data).unwrap_or_default()).into_owned();
        Failure { message, lines, source: info.map(|info| (info.filename, text(&info.data))) }
    }
}

/// The line that BuildKit names in its text only: `dockerfile parse error line 3: ...`, `... on line 3: ...`.
fn line_in(message: &str) -> Option<usize> {
    let (_, after) = message.split_once("parse error line ").or_else(|| message.split_once("parse error on line "))?;
    after.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// The message without the layers that it has passed.
fn plain(message: &str) -> String {
    let mut rest = message;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once("rpc error: code = ") {
        text.push_str(before);
        rest = after.split_once(" desc = ").map_or(after, |(_, after)| after);
    }
    text.push_str(rest);
    for layer in [
        "failed to solve: ",
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve with frontend gateway.v0: ",
        "failed to create LLB definition: ",
    ] {
        text = text.replace(layer, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard_buildkit_proto::google::protobuf::Any;
    use tonic::Code;

    #[test]
    fn the_message_and_the_place_come_out_of_the_layers() {
        let message = "failed to solve: rpc error: code = Unknown desc = process \"/bin/sh -c false\" did not complete \
                       successfully: exit code: 1";
        let source = format!(
            r#"{{"info":{{"filename":"Dockerfile","data":"{}"}},"ranges":[{{"start":{{"line":2}},"end":{{"line":3}}}}]}}"#,
            STANDARD.encode("FROM scratch\nRUN \\\n  false\n")
        );
        let detail =
            Any { type_url: "github.com/moby/buildkit/errdefs.Source+json".to_owned(), value: source.into_bytes() };
        let details = rpc::Status { code: 2, message: String::new(), details: vec![detail] }.encode_to_vec();
        let failure = Failure::of(&Status::with_details(Code::Unknown, message, details.into()));
        assert_eq!(failure.message, "process \"/bin/sh -c false\" did not complete successfully: exit code: 1");
        assert_eq!(failure.lines, Some((2, 3)));
        assert_eq!(failure.source.map(|(name, _)| name).as_deref(), Some("Dockerfile"));
    }

    #[test]
    fn an_engine_that_names_the_line_in_its_text_only() {
        let message = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: Dockerfile parse error \
                       line 3: unknown instruction: ECHO";
        let failure = Failure::of(&Status::unknown(message));
        assert_eq!(failure.message, "Dockerfile parse error line 3: unknown instruction: ECHO");
        assert_eq!(failure.lines, Some((3, 3)));
    }
}
