//! A process in a container, joined: what it writes and what it reads.

use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::query_parameters::{AttachContainerOptionsBuilder, ResizeContainerTTYOptionsBuilder};
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use tokio::io::AsyncWrite;

use crate::engine::Engine;
use crate::error::Error;
use crate::logs::Source;

/// The two directions of a process.
pub struct Attached {
    /// What it writes, until it ends.
    pub output: BoxStream<'static, Result<Chunk, Error>>,
    /// What it reads. The engine may take a shutdown as the end of the process's input, or as the wish to leave.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl Attached {
    pub(crate) fn new(
        output: impl futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send + 'static,
        input: Pin<Box<dyn AsyncWrite + Send>>,
    ) -> Self {
        let output = output.map(|frame| frame.map(Chunk::from).map_err(Error::at("read the output"))).boxed();
        Attached { output, input }
    }
}

/// A piece of output, as it came: it may end anywhere in a line or a character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where the process wrote it.
    pub source: Source,
    /// What it wrote.
    pub bytes: Bytes,
}

impl From<LogOutput> for Chunk {
    fn from(frame: LogOutput) -> Self {
        match frame {
            LogOutput::StdErr { message } => Chunk { source: Source::Stderr, bytes: message },
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                Chunk { source: Source::Stdout, bytes: message }
            }
        }
    }
}

/// Width and height of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

/// How a container's main process reads and writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandardStreams {
    /// It has a terminal.
    pub tty: bool,
    /// It has an input that can be written to.
    pub input: bool,
    /// Its input ends when the first one that was joined to it leaves.
    pub input_once: bool,
}

/// Asks how a container's main process reads and writes (Engine API `GET /containers/{id}/json`).
///
/// # Errors
/// If the request fails.
pub async fn standard_streams(engine: &Engine, container: &str) -> Result<StandardStreams, Error> {
    let config = engine.docker().inspect_container(container, None).await?.config.unwrap_or_default();
    Ok(StandardStreams {
        tty: config.tty == Some(true),
        input: config.open_stdin == Some(true),
        input_once: config.stdin_once == Some(true),
    })
}

/// Joins a container's main process (Engine API `POST /containers/{id}/attach`); the container need not run yet. With
/// `input` what is written reaches the process. `detach_keys` leave it without stopping it (`ctrl-p,ctrl-q` if `None`).
///
/// # Errors
/// If the request fails.
pub async fn attach(
    engine: &Engine,
    container: &str,
    input: bool,
    detach_keys: Option<&str>,
) -> Result<Attached, Error> {
    let mut options = AttachContainerOptionsBuilder::default().stream(true).stdin(input).stdout(true).stderr(true);
    if let Some(keys) = detach_keys {
        options = options.detach_keys(keys);
    }
    let joined = engine.docker().attach_container(container, Some(options.build())).await?;
    Ok(Attached::new(joined.output, joined.input))
}

/// Gives a container's terminal another size.
///
/// # Errors
/// If the request fails, for example because the container has ended or has no terminal.
pub async fn resize(engine: &Engine, container: &str, size: TerminalSize) -> Result<(), Error> {
    let options =
        ResizeContainerTTYOptionsBuilder::default().h(i32::from(size.height)).w(i32::from(size.width)).build();
    Ok(engine.docker().resize_container_tty(container, options).await?)
}
