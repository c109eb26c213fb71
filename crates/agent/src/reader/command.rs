//! What the reader is told, and what it tells.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use rustix::event::{EventfdFlags, eventfd};

use super::source::Socket;
use crate::position::{Moment, Position};
use crate::read::files::Rotation;
use crate::target::Target;

/// How many reports may wait to be read.
const REPORTS: usize = 1024;

/// What the reader is to do.
#[derive(Debug)]
pub enum Command {
    /// Read a target, from its position on.
    Add(Arc<Target>, From, Option<Position>),
    /// Go on with a stream of the engine.
    Attach(Arc<str>, Opened),
    /// Leave the stream of the engine: it is that of a run before. What was not read of it comes with the next one.
    Detach(Arc<str>),
    /// The target has other labels from now on.
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
    /// Whether the container has a terminal: then there are no frames.
    pub terminal: bool,
    /// What was asked for begins before the line after this one.
    pub after: Moment,
}

/// What the reader tells.
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

/// Tells the reader what to do.
#[derive(Debug, Clone)]
pub struct Commands {
    sender: mpsc::Sender<Command>,
    wake: Arc<OwnedFd>,
}

impl Commands {
    /// Sends a command. A reader that has ended takes none.
    pub fn send(&self, command: Command) {
        let _ = self.sender.send(command);
        self.wake();
    }

    /// Wakes the reader: there is memory again.
    pub fn wake(&self) {
        // A counter that is full wakes, too.
        let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
    }
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Inbox {
    receiver: mpsc::Receiver<Command>,
    reports: tokio::sync::mpsc::Sender<Report>,
    wake: Arc<OwnedFd>,
}

impl Inbox {
    /// The commands that have come.
    pub(super) fn take(&self) -> Vec<Command> {
        let _ = rustix::io::read(&*self.wake, &mut [0_u8; 8]);
        self.receiver.try_iter().collect()
    }

    pub(super) fn report(&self, report: Report) {
        // Nobody listens at the end.
        let _ = self.reports.blocking_send(report);
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// What the reader tells, one report after the other.
pub type Reports = tokio::sync::mpsc::Receiver<Report>;

pub(super) fn channel() -> io::Result<(Commands, Reports, Inbox)> {
    let (sender, receiver) = mpsc::channel();
    let (reports, reported) = tokio::sync::mpsc::channel(REPORTS);
    let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
    Ok((Commands { sender, wake: wake.clone() }, reported, Inbox { receiver, reports, wake }))
}
