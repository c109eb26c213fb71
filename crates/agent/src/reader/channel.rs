//! Commands to the reader, and its reports.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use super::source::Socket;
use crate::lines::files::Rotation;
use crate::position::{Moment, Position};
use crate::target::Target;
use crate::wake::Waker;

/// How many reports may wait to be read.
const REPORTS: usize = 1024;

/// A command to the reader.
#[derive(Debug)]
pub enum Command {
    /// Read a target, from its position on.
    Add(Arc<Target>, From, Option<Position>),
    /// Continue with a stream of the engine.
    Attach(Arc<str>, Opened),
    /// Leave the stream of the engine, which belongs to an earlier run. The next stream brings what was not read.
    Detach(Arc<str>),
    /// The target's labels have changed.
    Relabel(Arc<Target>),
    /// The container has ended: what it wrote last may have no line break.
    Ended(Arc<str>),
    /// The container or the file is gone: read the rest, and forget it.
    Gone(Arc<str>),
    /// Close what is open and end.
    Stop,
}

/// Where a target's lines come from.
#[derive(Debug)]
pub enum From {
    /// The engine's records on disk.
    Records(PathBuf, Option<Rotation>),
    /// A file of lines.
    Plain(PathBuf),
    /// The engine's stream, which [`Command::Attach`] brings.
    Engine,
}

/// An open log stream of the engine.
#[derive(Debug)]
pub struct Opened {
    /// Where its bytes come from, without HTTP around them. It must not block.
    pub socket: Box<dyn Socket>,
    /// Bytes that came with the head of the answer.
    pub begun: Vec<u8>,
    /// Whether the container has a terminal, in which case there are no frames.
    pub terminal: bool,
    /// The stream starts at this moment, so it may begin with lines that have been read already.
    pub after: Moment,
}

/// What the reader reports.
#[derive(Debug)]
pub enum Report {
    /// The files cannot be opened; the target is not read.
    CannotOpen {
        /// The target.
        key: Arc<str>,
        /// Why.
        error: io::Error,
    },
    /// The engine's stream has ended.
    StreamEnded {
        /// The target.
        key: Arc<str>,
        /// The last line that was read.
        moment: Moment,
    },
    /// A target that is gone was read to its end.
    Finished {
        /// The target.
        key: Arc<str>,
    },
}

/// Sends commands to the reader.
#[derive(Debug, Clone)]
pub struct Commands {
    sender: mpsc::Sender<Command>,
    waker: Waker,
}

impl Commands {
    /// Sends a command. A reader that has ended ignores it.
    pub fn send(&self, command: Command) {
        let _ = self.sender.send(command);
        self.waker.wake();
    }
}

/// The reader's end of the channel.
#[derive(Debug)]
pub(super) struct Inbox {
    receiver: mpsc::Receiver<Command>,
    reports: tokio::sync::mpsc::Sender<Report>,
    waker: Waker,
}

impl Inbox {
    /// The commands that have come.
    pub(super) fn take(&self) -> Vec<Command> {
        self.waker.clear();
        self.receiver.try_iter().collect()
    }

    pub(super) fn report(&self, report: Report) {
        // At the end, the receiver may be gone.
        let _ = self.reports.blocking_send(report);
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }
}

/// The reader's reports, in order.
pub type Reports = tokio::sync::mpsc::Receiver<Report>;

pub(super) fn channel(waker: Waker) -> (Commands, Reports, Inbox) {
    let (sender, receiver) = mpsc::channel();
    let (reports, reported) = tokio::sync::mpsc::channel(REPORTS);
    (Commands { sender, waker: waker.clone() }, reported, Inbox { receiver, reports, waker })
}
