//! This terminal joined to a process in a container: raw mode, size, both directions.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::pin::Pin;

use bollard::container::LogOutput;
use futures_util::{Stream, StreamExt};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

/// The two directions of an attached process, as the engine gives them.
pub(crate) struct Attached {
    pub(crate) output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    pub(crate) input: Pin<Box<dyn AsyncWrite + Send>>,
    /// The end of what is typed is the end of the process's input. Otherwise others may type later, and the engine takes a
    /// close for the wish to leave.
    pub(crate) closes: bool,
}

/// Width and height in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// Whether both ends of a conversation are this terminal.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// The terminal's size, if standard output is one.
pub(crate) fn size() -> Option<Size> {
    let size = tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(Size { width: size.ws_col, height: size.ws_row })
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

/// Passes output on until the process ends. With `tty` the terminal is in raw mode meanwhile, and `resize` is called with
/// its size at first and whenever it changes. With `take_input` what is typed goes to the process.
pub(crate) async fn converse<R, F>(attached: Attached, tty: bool, take_input: bool, resize: R) -> anyhow::Result<()>
where
    R: Fn(Size) -> F,
    F: Future<Output = ()>,
{
    let raw = if tty && take_input && std::io::stdin().is_terminal() { Some(RawMode::enter()?) } else { None };
    let Attached { mut output, input, closes } = attached;
    let typing = tokio::spawn(async move {
        match take_input {
            true => pass_input(input, closes).await,
            // The engine closes the conversation when the input is closed too early.
            false => std::future::pending().await,
        }
    });
    let mut resized = signal(SignalKind::window_change())?;
    if tty && let Some(size) = size() {
        resize(size).await;
    }
    let result = loop {
        tokio::select! {
            part = output.next() => match part {
                Some(Ok(part)) => if let Err(error) = show(part) { break Err(error.into()) },
                Some(Err(error)) => break Err(error.into()),
                None => break Ok(()),
            },
            _ = resized.recv(), if tty => if let Some(size) = size() { resize(size).await },
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

fn show(part: LogOutput) -> std::io::Result<()> {
    match part {
        LogOutput::StdErr { message } => {
            let mut stderr = std::io::stderr().lock();
            stderr.write_all(&message)?;
            stderr.flush()
        }
        LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&message)?;
            stdout.flush()
        }
    }
}
