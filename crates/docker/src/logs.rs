//! A container's log, line by line, with exact resumption.
//!
//! The engine stamps each line with its time in nanoseconds. A [`Position`] (the last line's time, and how many lines
//! of that very time were seen) is enough to carry on after the stream ends, as it does whenever a container stops.

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};

use crate::engine::Engine;
use crate::error::Error;
use crate::timestamp::Timestamp;

/// A longer line is given out in pieces of this many bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Standard output, or a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the engine took it.
    pub time: Timestamp,
    /// Where the container wrote it.
    pub source: Source,
    /// Its bytes, without the line break.
    pub bytes: Bytes,
}

/// Which part of a log.
#[derive(Debug, Clone, Default)]
pub struct Range {
    /// Only lines after this position.
    pub after: Option<Position>,
    /// Only lines from this time on.
    pub since: Option<Timestamp>,
    /// Only lines up to this time.
    pub until: Option<Timestamp>,
    /// Only this many lines from the end; `None`: all.
    pub tail: Option<u64>,
    /// Wait for more lines until the container stops.
    pub follow: bool,
}

/// How far a log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Time of the last line.
    pub time: Timestamp,
    /// Lines of exactly that time that were seen.
    pub lines_at_time: u64,
}

impl Position {
    /// The position after one more line.
    pub fn after(previous: Option<Position>, time: Timestamp) -> Position {
        match previous {
            Some(last) if last.time == time => Position { time, lines_at_time: last.lines_at_time + 1 },
            _ => Position { time, lines_at_time: 1 },
        }
    }
}

/// Reads a container's log (Engine API `GET /containers/{id}/logs`). With `follow` the stream ends when the container
/// stops.
pub fn read(engine: &Engine, container: &str, range: &Range) -> impl Stream<Item = Result<Line, Error>> + Send + use<> {
    let since = range.after.map(|position| position.time).or(range.since);
    let seconds = |moment: Timestamp| i32::try_from(moment.0.div_euclid(1_000_000_000)).unwrap_or(i32::MAX);
    let mut options = LogsOptionsBuilder::default().follow(range.follow).stdout(true).stderr(true).timestamps(true);
    if let Some(since) = since {
        options = options.since(seconds(since));
    }
    if let Some(until) = range.until {
        // The engine takes whole seconds here; what is later within that second is dropped below.
        options = options.until(seconds(until).saturating_add(1));
    }
    // With a position, `tail` would count from the end of what is new.
    let tail = range.tail.filter(|_| range.after.is_none());
    let options = options.tail(&tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string())).build();

    let frames = engine.docker().logs(container, Some(options)).boxed();
    let lines = stream::unfold((frames, Assembler::default()), |(mut frames, mut assembler)| async move {
        loop {
            match frames.next().await {
                Some(Ok(frame)) => {
                    if let Some(line) = assembler.push(frame) {
                        return Some((Ok(line), (frames, assembler)));
                    }
                }
                Some(Err(error)) => return Some((Err(Error::at("read the log")(error)), (frames, assembler))),
                None => return assembler.finish().map(|line| (Ok(line), (frames, assembler))),
            }
        }
    });
    let mut skip = Skip::new(range);
    lines.filter(move |line| std::future::ready(line.as_ref().map_or(true, |line| skip.keeps(line))))
}

/// Drops lines that were read before the position, and lines outside the requested times.
struct Skip {
    after: Option<Position>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    at_position: u64,
}

impl Skip {
    fn new(range: &Range) -> Self {
        Skip { after: range.after, since: range.since, until: range.until, at_position: 0 }
    }

    fn keeps(&mut self, line: &Line) -> bool {
        if self.since.is_some_and(|since| line.time < since) || self.until.is_some_and(|until| line.time > until) {
            return false;
        }
        let Some(position) = self.after else { return true };
        if line.time == position.time {
            self.at_position += 1;
            return self.at_position > position.lines_at_time;
        }
        line.time > position.time
    }
}

/// Joins the frames of one line: the engine cuts lines at 16 KiB and stamps each piece with the same time.
#[derive(Default)]
struct Assembler {
    partial: [Option<(Timestamp, BytesMut)>; 2],
}

impl Assembler {
    fn push(&mut self, frame: LogOutput) -> Option<Line> {
        let (source, message) = match frame {
            LogOutput::StdErr { message } => (Source::Stderr, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                (Source::Stdout, message)
            }
        };
        let (time, text) = split_time(message);
        let slot = &mut self.partial[usize::from(source == Source::Stderr)];
        let ended = text.last() == Some(&b'\n');
        let text = if ended { text.slice(..text.len() - 1) } else { text };
        let text = if ended && text.last() == Some(&b'\r') { text.slice(..text.len() - 1) } else { text };
        match slot.take() {
            None if ended => Some(Line { time: time?, source, bytes: text }),
            None => {
                *slot = Some((time?, BytesMut::from(text.as_ref())));
                None
            }
            Some((first, mut bytes)) => {
                bytes.extend_from_slice(&text);
                if ended || bytes.len() >= LONGEST_LINE {
                    return Some(Line { time: first, source, bytes: bytes.freeze() });
                }
                *slot = Some((first, bytes));
                None
            }
        }
    }

    /// What was left without a line break when the log ended.
    fn finish(&mut self) -> Option<Line> {
        let at = self.partial.iter().position(Option::is_some)?;
        let (time, bytes) = self.partial[at].take()?;
        let source = if at == 0 { Source::Stdout } else { Source::Stderr };
        Some(Line { time, source, bytes: bytes.freeze() })
    }
}

/// Takes the engine's time stamp off a frame. A frame without one belongs to the line before it.
fn split_time(message: Bytes) -> (Option<Timestamp>, Bytes) {
    let Some(space) = message.iter().take(40).position(|byte| *byte == b' ') else { return (None, message) };
    let time = std::str::from_utf8(&message[..space]).ok().and_then(Timestamp::parse);
    match time {
        Some(time) => (Some(time), message.slice(space + 1..)),
        None => (None, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str) -> LogOutput {
        LogOutput::StdOut { message: Bytes::copy_from_slice(text.as_bytes()) }
    }

    #[test]
    fn pieces_of_a_long_line_are_joined_and_streams_kept_apart() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(out("2023-11-14T22:13:20.000000001Z first ")), None);
        let other = LogOutput::StdErr { message: Bytes::from_static(b"2023-11-14T22:13:20.000000002Z oops\n") };
        let line = assembler.push(other).unwrap();
        assert_eq!((line.source, line.bytes.as_ref()), (Source::Stderr, &b"oops"[..]));
        let line = assembler.push(out("2023-11-14T22:13:20.000000001Z second\n")).unwrap();
        assert_eq!(line.bytes.as_ref(), b"first second");
        assert_eq!(line.time, Timestamp(1_700_000_000_000_000_001));
    }

    #[test]
    fn empty_lines_stay_and_carriage_returns_go() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(out("2023-11-14T22:13:20Z \n")).unwrap().bytes.as_ref(), b"");
        assert_eq!(assembler.push(out("2023-11-14T22:13:20Z a\r\n")).unwrap().bytes.as_ref(), b"a");
    }

    #[test]
    fn a_resumed_log_neither_repeats_nor_loses_lines_of_the_same_time() {
        let line = |time, text: &'static str| Line {
            time: Timestamp(time),
            source: Source::Stdout,
            bytes: Bytes::from_static(text.as_bytes()),
        };
        let lines = [line(1, "a"), line(2, "b"), line(2, "c"), line(2, "d"), line(3, "e")];
        let mut position = None;
        for seen in &lines[..3] {
            position = Some(Position::after(position, seen.time));
        }
        let mut skip = Skip::new(&Range { after: position, ..Range::default() });
        let rest: Vec<_> = lines.iter().filter(|line| skip.keeps(line)).map(|line| line.bytes.clone()).collect();
        assert_eq!(rest, ["d", "e"]);
    }
}
