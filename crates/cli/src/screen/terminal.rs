//! This terminal joined to a process in a container: raw mode, size, both directions.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::pin::Pin;

use futures_util::StreamExt;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use wharf_docker::attach::{Attached, Chunk, TerminalSize};
use wharf_docker::logs::Source;

/// Whether both ends of a conversation are this terminal.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// The size of a terminal; `None` for what is not a terminal.
pub(crate) fn size_of(output: impl AsFd) -> Option<TerminalSize> {
    let size = tcgetwinsize(output).ok()?;
    (size.ws_col > 0).then_some(TerminalSize { width: size.ws_col, height: size.ws_row })
}

/// Whether this command is what the terminal's person deals with now. Who is in the background is stopped if it changes the
/// terminal or reads from it.
pub(crate) fn is_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// The terminal in raw mode: every key goes to the process. Dropping it puts the terminal back as it was.
struct RawMode {
    before: Termios,
}

impl RawMode {
    fn enter() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        Ok(RawMode { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Nothing better can be done for a terminal that is gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// How this terminal is joined to a process.
pub(crate) struct Options {
    /// The process has a terminal: this one is in raw mode meanwhile.
    pub(crate) tty: bool,
    /// What is typed goes to the process.
    pub(crate) input: bool,
    /// The end of what is typed is the end of the process's input. Otherwise others may type later, and the engine takes a
    /// close as the wish to leave.
    pub(crate) closes_input: bool,
}

/// Passes output on until the process ends. With `tty`, `resize` is called with the terminal's size at first and whenever
/// it changes.
pub(crate) async fn converse<R, F>(attached: Attached, options: Options, resize: R) -> anyhow::Result<()>
where
    R: Fn(TerminalSize) -> F,
    F: Future<Output = ()>,
{
    let Options { tty, input: take_input, closes_input } = options;
    let raw = if tty && take_input && std::io::stdin().is_terminal() { Some(RawMode::enter()?) } else { None };
    let Attached { mut output, input } = attached;
    let typing = tokio::spawn(async move {
        match take_input {
            true => pass_input(input, closes_input).await,
            // The engine closes the conversation when the input is closed too early.
            false => std::future::pending().await,
        }
    });
    let mut resized = signal(SignalKind::window_change())?;
    if tty && let Some(size) = size_of(std::io::stdout()) {
        resize(size).await;
    }
    let result = loop {
        tokio::select! {
            chunk = output.next() => match chunk {
                Some(Ok(chunk)) => if let Err(error) = show(&chunk) { break Err(error.into()) },
                Some(Err(error)) => break Err(error.into()),
                None => break Ok(()),
            },
            _ = resized.recv(), if tty => if let Some(size) = size_of(std::io::stdout()) { resize(size).await },
        }
    };
    typing.abort();
    drop(raw);
    result
}

async fn pass_input(mut input: Pin<Box<dyn AsyncWrite + Send>>, closes: bool) {
    let mut stdin = tokio::io::stdin();
    let mut buffer = vec![0; 8192];
    loop {
        let read = stdin.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            if closes {
                // A process that is gone needs to see no end.
                let _ = input.shutdown().await;
            }
            return std::future::pending().await;
        }
        if input.write_all(&buffer[..read]).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

fn show(chunk: &Chunk) -> std::io::Result<()> {
    let out: &mut dyn Write = match chunk.source {
        Source::Stderr => &mut std::io::stderr().lock(),
        Source::Stdout => &mut std::io::stdout().lock(),
    };
    out.write_all(&chunk.bytes)?;
    out.flush()
}
