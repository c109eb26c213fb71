//! The engine's reports on a build as news of its steps. Pure.

use std::collections::HashMap;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex};

/// News of a build's step. Steps are numbered from 1, in the order in which they begin.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A step has begun.
    Begun {
        /// Its number.
        step: usize,
        /// What it does: `[2/4] RUN make`.
        name: String,
    },
    /// A step has written a line.
    Line {
        /// The step's number.
        step: usize,
        /// When, in seconds since the step began.
        at: f64,
        /// The line, without its end.
        text: String,
    },
    /// A step has moved bytes: it pulls a layer or takes the context.
    Moved {
        /// The step's number.
        step: usize,
        /// What is moved.
        what: String,
        /// Bytes so far.
        current: u64,
        /// All bytes; 0: unknown.
        total: u64,
    },
    /// A step has ended.
    Ended {
        /// The step's number.
        step: usize,
        /// How.
        ending: Ending,
    },
    /// A report as it came, as a line of JSON with the names that docker's `--progress rawjson` has. Only where it was
    /// asked for.
    Report(String),
    /// The builder warns, for example of something in the Dockerfile.
    Warning {
        /// What of.
        text: String,
        /// The file's name and the line, if it is about one.
        place: Option<(String, usize)>,
        /// Where it is explained.
        url: String,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// It was done, in so many seconds.
    Done(f64),
    /// Its result was there from an earlier build.
    Cached,
    /// It was given up because another one failed.
    Cancelled,
    /// It has failed; why.
    Failed(String),
}

/// The longest line that is passed on, in bytes. The rest of a longer one is left out.
const LONGEST_LINE: usize = 16 * 1024;

/// Follows the steps of one build.
#[derive(Debug, Default)]
pub struct Tracker {
    /// By digest.
    steps: HashMap<String, Step>,
}

#[derive(Debug)]
struct Step {
    number: usize,
    started: f64,
    has_ended: bool,
    /// The unfinished last line of its output.
    partial: Vec<u8>,
}

impl Tracker {
    /// What a report says that was not known before.
    pub fn take(&mut self, report: &StatusResponse) -> Vec<News> {
        let mut news = Vec::new();
        for vertex in &report.vertexes {
            self.begin(vertex, &mut news);
        }
        for status in &report.statuses {
            if let Some(step) = self.steps.get(&status.vertex) {
                let what = if status.name.is_empty() { &status.id } else { &status.name };
                news.push(News::Moved {
                    step: step.number,
                    what: what.clone(),
                    current: u64::try_from(status.current).unwrap_or(0),
                    total: u64::try_from(status.total).unwrap_or(0),
                });
            }
        }
        for log in &report.logs {
            if let Some(step) = self.steps.get_mut(&log.vertex) {
                step.write(&log.msg, log.timestamp.as_ref().map_or(step.started, seconds), &mut news);
            }
        }
        for vertex in &report.vertexes {
            self.end(vertex, &mut news);
        }
        for warning in &report.warnings {
            let line = warning.ranges.iter().filter_map(|range| range.start.as_ref()).map(|start| start.line).next();
            let file = warning.info.as_ref().map(|info| info.filename.clone());
            let line = line.and_then(|line| usize::try_from(line).ok()).filter(|line| *line > 0);
            news.push(News::Warning {
                text: String::from_utf8_lossy(&warning.short).into_owned(),
                place: file.zip(line),
                url: warning.url.clone(),
            });
        }
        news
    }

    fn begin(&mut self, vertex: &Vertex, news: &mut Vec<News>) {
        let Some(started) = vertex.started.as_ref() else { return };
        if let Some(step) = self.steps.get_mut(&vertex.digest) {
            // A step whose result turned out not to be there begins again.
            if vertex.completed.is_none() && step.has_ended {
                step.has_ended = false;
                step.started = seconds(started);
                news.push(News::Begun { step: step.number, name: vertex.name.clone() });
            }
            return;
        }
        let number = self.steps.len() + 1;
        let step = Step { number, started: seconds(started), has_ended: false, partial: Vec::new() };
        self.steps.insert(vertex.digest.clone(), step);
        news.push(News::Begun { step: number, name: vertex.name.clone() });
    }

    fn end(&mut self, vertex: &Vertex, news: &mut Vec<News>) {
        let Some(completed) = vertex.completed.as_ref() else { return };
        let Some(step) = self.steps.get_mut(&vertex.digest).filter(|step| !step.has_ended) else { return };
        step.has_ended = true;
        let at = seconds(completed);
        step.end_line(at, news);
        let ending = match vertex.error.as_str() {
            "" if vertex.cached => Ending::Cached,
            "" => Ending::Done((at - step.started).max(0.0)),
            error if error.ends_with("context canceled") => Ending::Cancelled,
            error => Ending::Failed(error.to_owned()),
        };
        news.push(News::Ended { step: step.number, ending });
    }
}

impl Step {
    fn write(&mut self, bytes: &[u8], at: f64, news: &mut Vec<News>) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST_LINE.saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.end_line(at, news);
            }
        }
    }

    fn end_line(&mut self, at: f64, news: &mut Vec<News>) {
        // What a program writes over its line is seen as it was last.
        let line = String::from_utf8_lossy(&self.partial);
        let text = line.trim_end().rsplit('\r').next().unwrap_or_default().to_owned();
        self.partial.clear();
        if !text.is_empty() {
            news.push(News::Line { step: self.number, at: (at - self.started).max(0.0), text });
        }
    }
}

/// Seconds since 1970.
fn seconds(time: &Timestamp) -> f64 {
    // A time of this century has microseconds in it.
    time.seconds as f64 + f64::from(time.nanos) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard_buildkit_proto::moby::buildkit::v1::{VertexLog, VertexStatus};

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 500_000_000 })
    }

    fn vertex(digest: &str, name: &str, started: Option<Timestamp>, completed: Option<Timestamp>) -> Vertex {
        Vertex { digest: digest.to_owned(), name: name.to_owned(), started, completed, ..Vertex::default() }
    }

    fn line(digest: &str, time: i64, text: &str) -> VertexLog {
        VertexLog { vertex: digest.to_owned(), timestamp: at(time), stream: 1, msg: text.as_bytes().to_vec() }
    }

    #[test]
    fn reports_become_news_of_numbered_steps() {
        let mut tracker = Tracker::default();
        let mut all = Vec::new();
        all.extend(tracker.take(&StatusResponse {
            vertexes: vec![
                vertex("a", "[internal] load build context", at(1), None),
                // Known and not begun.
                vertex("b", "[2/2] RUN make", None, None),
            ],
            ..StatusResponse::default()
        }));
        all.extend(tracker.take(&StatusResponse {
            vertexes: vec![
                vertex("a", "[internal] load build context", at(1), at(3)),
                vertex("b", "[2/2] RUN make", at(3), None),
                Vertex { cached: true, ..vertex("c", "[1/2] FROM x", at(3), at(3)) },
            ],
            statuses: vec![VertexStatus {
                id: "transferring context:".to_owned(),
                vertex: "a".to_owned(),
                current: 5,
                ..VertexStatus::default()
            }],
            logs: vec![line("b", 4, "one\ntw"), line("b", 5, "o\n10%\r20%\n\nrest")],
            ..StatusResponse::default()
        }));
        all.extend(tracker.take(&StatusResponse {
            vertexes: vec![Vertex { error: "exit code: 1".to_owned(), ..vertex("b", "[2/2] RUN make", at(3), at(6)) }],
            ..StatusResponse::default()
        }));
        let shown: Vec<String> = all.iter().map(|news| format!("{news:?}")).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        Begun { step: 1, name: "[internal] load build context" }
        Begun { step: 2, name: "[2/2] RUN make" }
        Begun { step: 3, name: "[1/2] FROM x" }
        Moved { step: 1, what: "transferring context:", current: 5, total: 0 }
        Line { step: 2, at: 1.0, text: "one" }
        Line { step: 2, at: 2.0, text: "two" }
        Line { step: 2, at: 2.0, text: "20%" }
        Ended { step: 1, ending: Done(2.0) }
        Ended { step: 3, ending: Cached }
        Line { step: 2, at: 3.0, text: "rest" }
        Ended { step: 2, ending: Failed("exit code: 1") }
        "#);
    }
}
