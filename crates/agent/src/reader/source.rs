//! Where a target's lines come from: files, or a stream of the engine.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use super::file_turn::FileTurn;
use super::sink::{Sink, TargetState};
use super::turn::Turn;
use crate::lines::files::{LogFiles, Rotation};
use crate::lines::frames;
use crate::lines::join::{Joiner, Piece};

/// A target that is read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) input: Input,
    pub(super) joiner: Joiner,
    pub(super) state: TargetState,
    /// The container has ended: a last line may lack its line break.
    pub(super) ended: bool,
    /// The container or the file is gone: the source is removed when all is read.
    pub(super) gone: bool,
    /// Whether it waits for its turn.
    pub(super) queued: bool,
    /// A file may have been created since.
    pub(super) names_changed: bool,
}

/// What is read.
#[derive(Debug)]
pub(super) enum Input {
    /// Files on disk.
    Files {
        /// The files.
        log: LogFiles,
        /// Whether they hold plain lines (whose time is that of reading), not the engine's records.
        plain: bool,
        /// When the engine removes the oldest.
        rotation: Option<Rotation>,
    },
    /// The engine's stream; `None`: it ended.
    Engine(Option<EngineStream>),
}

/// An open log stream of the engine.
#[derive(Debug)]
pub(super) struct EngineStream {
    pub(super) socket: Box<dyn Socket>,
    pub(super) terminal: bool,
    /// Bytes that wait for the rest of their frame.
    rest: Vec<u8>,
    /// Whether nothing was read yet: the bytes that came with the answer's head may hold whole lines.
    fresh: bool,
    /// The number of the next line.
    next: u64,
}

/// A socket that does not block.
pub trait Socket: Read + Send + std::fmt::Debug {
    /// To wait for it.
    fn fd(&self) -> BorrowedFd<'_>;
}

impl Socket for UnixStream {
    fn fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl Socket for std::net::TcpStream {
    fn fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl Socket for wharf_docker::raw_log::Socket {
    fn fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl Socket for std::fs::File {
    fn fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl Source {
    /// Reads for one turn, about `most` bytes. `chunk` and `scratch` are memory to work in.
    pub(super) fn read(&mut self, sink: &mut Sink, chunk: &mut [u8], scratch: &mut Vec<u8>, most: usize) -> Turn {
        let turn = match &mut self.input {
            Input::Files { log, plain, .. } => {
                let (joiner, state) = (&mut self.joiner, &mut self.state);
                let names_changed = std::mem::take(&mut self.names_changed);
                let (ended, gone) = (&mut self.ended, self.gone);
                FileTurn { files: log, plain: *plain, joiner, state, ended, gone, sink, scratch, most }
                    .run(chunk, names_changed)
            }
            Input::Engine(_) => self.read_stream(sink, chunk, most),
        };
        let held = first(self.joiner.pending(), sink.held(&self.state));
        self.state.marks.settle(held);
        self.state.count();
        turn
    }

    /// Releases removed files beyond the limit, and warns before unread lines are lost.
    pub(super) fn look_after(&mut self, held_bytes: u64) {
        let Input::Files { log, rotation, .. } = &mut self.input else { return };
        self.names_changed = true;
        let (target, state) = (&self.state.target.name, &self.state.target.state);
        let lost = log.let_go(held_bytes);
        if lost > 0 {
            state.lost.fetch_add(lost, Ordering::Relaxed);
            tracing::error!(target_name = target, bytes = lost, "unread lines were rotated away and are lost");
        }
        let unread = log.unread();
        state.unread.store(unread, Ordering::Relaxed);
        let endangered = rotation.is_some_and(|rotation| log.is_endangered(rotation));
        if endangered && !state.endangered.load(Ordering::Relaxed) {
            tracing::warn!(
                target_name = target,
                bytes = unread,
                "about to lose unread lines: the next rotation removes them"
            );
        }
        state.endangered.store(endangered, Ordering::Relaxed);
    }

    fn read_stream(&mut self, sink: &mut Sink, chunk: &mut [u8], most: usize) -> Turn {
        let Input::Engine(Some(stream)) = &mut self.input else { return Turn::Drained };
        let mut read = 0;
        while read < most {
            if let Some(wait) = sink.waits_until(self.state.target.job) {
                return Turn::Wait(wait);
            }
            let (joiner, state) = (&mut self.joiner, &mut self.state);
            match stream.read(chunk, |piece| sink.piece(joiner, state, piece)) {
                Ok(0) => return self.stream_ended(sink, None),
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Turn::Drained,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.stream_ended(sink, Some(error)),
            }
        }
        Turn::More
    }

    fn stream_ended(&mut self, sink: &mut Sink, why: Option<io::Error>) -> Turn {
        if let Some(error) = why {
            self.state.target.state.fail(error.to_string());
        }
        self.input = Input::Engine(None);
        // An unfinished line is read again with the next stream, unless there is none.
        if self.ended || self.gone {
            let state = &mut self.state;
            self.joiner.finish(|line| sink.line(state, line, false));
        }
        Turn::StreamEnded
    }
}

impl EngineStream {
    /// A stream whose first bytes are `begun`. Lines are counted from `next` on.
    pub(super) fn new(socket: Box<dyn Socket>, terminal: bool, begun: Vec<u8>, next: u64) -> Self {
        Self { socket, terminal, fresh: !begun.is_empty(), rest: begun, next }
    }

    /// Reads once and gives the number of bytes; 0: the stream has ended.
    fn read(&mut self, chunk: &mut [u8], mut out: impl FnMut(Piece<'_>)) -> io::Result<usize> {
        let kept = self.rest.len();
        if kept >= chunk.len() {
            return Err(io::Error::other(frames::OutOfStep));
        }
        chunk[..kept].copy_from_slice(&self.rest);
        let (count, filled) = if std::mem::take(&mut self.fresh) {
            (kept, &chunk[..kept])
        } else {
            let count = self.socket.read(&mut chunk[kept..])?;
            (count, &chunk[..kept + count])
        };
        let next = &mut self.next;
        let frame = |frame: frames::Frame<'_>| {
            let frames::Frame { stream, time, text, ended } = frame;
            *next += 1;
            out(Piece { text, ended, stream, time, first: *next - 1, last: *next });
        };
        let taken = if self.terminal { frames::read_terminal(filled, frame) } else { frames::read(filled, frame) };
        let taken = taken.map_err(io::Error::other)?;
        self.rest.clear();
        self.rest.extend_from_slice(&filled[taken..]);
        Ok(count)
    }
}

/// The smaller of two optional numbers.
pub(super) fn first(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_came_with_the_head_of_the_answer_do_not_wait_for_more() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let begun = b"2023-11-14T22:13:20Z one\n2023-11-14T22:13:21Z tw".to_vec();
        let mut stream = EngineStream::new(Box::new(ours), true, begun, 0);
        let (mut chunk, mut lines) = (vec![0; 1024], Vec::new());
        let read = stream.read(&mut chunk, |piece| lines.push(String::from_utf8(piece.text.to_vec()).unwrap()));
        assert_eq!((read.unwrap(), lines), (48, vec!["one".to_owned()]));
        let waits = stream.read(&mut chunk, |_| panic!("no line is whole"));
        assert_eq!(waits.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
