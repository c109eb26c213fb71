//! A container's log as the bytes that the engine sends, for readers of many logs: no task and no copy a line.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::engine::Engine;
use crate::error::Error;
use crate::logs::{Line, Position, Range, Source, read};
use crate::timestamp::Timestamp;

/// The head of an answer is no longer than this.
const LONGEST_HEAD: usize = 64 * 1024;
/// How long the engine may take for the head of its answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An open log stream.
#[derive(Debug)]
pub struct RawLog {
    /// Where the bytes come from. It does not block.
    pub socket: Socket,
    /// Bytes that came with the head of the answer; they come first.
    pub begun: Vec<u8>,
    /// Whether the bytes are framed, whatever the container has.
    pub always_framed: bool,
}

/// A socket whose bytes are the log, without HTTP around them.
#[derive(Debug)]
pub enum Socket {
    /// The engine's socket, or a pipe of ours where the engine is reached through TLS or ssh.
    Unix(std::os::unix::net::UnixStream),
    /// A connection.
    Tcp(std::net::TcpStream),
}

impl std::io::Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Socket::Unix(socket) => socket.read(buffer),
            Socket::Tcp(socket) => socket.read(buffer),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Unix(socket) => socket.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
        }
    }
}

/// Opens a container's log from a time on, inclusive; with `follow`, until the container stops. The request is
/// `GET /containers/{id}/logs` with `timestamps=1`. Docker 20.10 repeats the newest file when it follows a container
/// that has stopped. Frames and times are as the engine sends them.
///
/// # Errors
/// If the connection fails, or the engine refuses the request.
pub async fn open(engine: &Engine, container: &str, since: Option<Timestamp>, follow: bool) -> Result<RawLog, Error> {
    let endpoint = engine.endpoint();
    if endpoint.tls.is_none() {
        let host = endpoint.host.as_str();
        let request = request(engine, container, since, follow);
        if let Some(path) = host.strip_prefix("unix://") {
            let mut socket = UnixStream::connect(path).await.map_err(io)?;
            let begun = timely(ask(&mut socket, &request)).await?;
            return Ok(RawLog { socket: Socket::Unix(socket.into_std().map_err(io)?), begun, always_framed: false });
        }
        if let Some(address) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://")) {
            let mut socket = TcpStream::connect(address.trim_end_matches('/')).await.map_err(io)?;
            let begun = timely(ask(&mut socket, &request)).await?;
            return Ok(RawLog { socket: Socket::Tcp(socket.into_std().map_err(io)?), begun, always_framed: false });
        }
    }
    through_client(engine, container, since, follow)
}

/// HTTP 1.0, so that the body is not cut into chunks.
fn request(engine: &Engine, container: &str, since: Option<Timestamp>, follow: bool) -> String {
    let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
    let version = engine.api_version();
    format!(
        "GET /v{version}/containers/{container}/logs?stdout=1&stderr=1&timestamps=1&follow={follow}&tail=all{since} HTTP/1.0\r\n\
         Host: docker\r\nUser-Agent: wharf\r\n\r\n"
    )
}

async fn timely(asking: impl Future<Output = Result<Vec<u8>, Error>>) -> Result<Vec<u8>, Error> {
    match tokio::time::timeout(TIMEOUT, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(bollard::errors::Error::RequestTimeoutError.into()),
    }
}

/// Sends the request and reads the head of the answer; gives what came of the body.
async fn ask<S: AsyncReadExt + AsyncWriteExt + Unpin>(socket: &mut S, request: &str) -> Result<Vec<u8>, Error> {
    socket.write_all(request.as_bytes()).await.map_err(io)?;
    let mut bytes = Vec::with_capacity(1024);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > LONGEST_HEAD || socket.read_buf(&mut bytes).await.map_err(io)? == 0 {
            return Err(io(std::io::Error::other("the engine's answer has no head")));
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end + 4);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    if status == 200 && !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return Ok(body);
    }
    // The engine's words, as far as they come.
    while body.len() < LONGEST_HEAD && matches!(socket.read_buf(&mut body).await, Ok(1..)) {}
    let message: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let message = message.as_ref().and_then(|message| message.get("message")?.as_str()).unwrap_or("unexpected answer");
    Err(bollard::errors::Error::DockerResponseServerError { status_code: status, message: message.to_owned() }.into())
}

fn io(err: std::io::Error) -> Error {
    bollard::errors::Error::IOError { err }.into()
}

/// Where the connection is not ours to read from: whole lines through the client, framed again into a pipe.
fn through_client(engine: &Engine, container: &str, since: Option<Timestamp>, follow: bool) -> Result<RawLog, Error> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(io)?;
    theirs.set_nonblocking(true).map_err(io)?;
    ours.set_nonblocking(true).map_err(io)?;
    let after = since.map(|time| Position { time, lines_at_time: 0 });
    let mut lines = read(engine, container, &Range { after, follow, ..Range::default() }).boxed();
    let mut pipe = UnixStream::from_std(ours).map_err(io)?;
    tokio::spawn(async move {
        while let Some(Ok(line)) = lines.next().await {
            if pipe.write_all(&framed(&line)).await.is_err() {
                break;
            }
        }
    });
    Ok(RawLog { socket: Socket::Unix(theirs), begun: Vec::new(), always_framed: true })
}

fn framed(line: &Line) -> Vec<u8> {
    let time = jiff::Timestamp::from_nanosecond(i128::from(line.time.0)).unwrap_or_default();
    let mut bytes = vec![if line.source == Source::Stderr { 2 } else { 1 }, 0, 0, 0, 0, 0, 0, 0];
    // Memory does not fail to be written to.
    let _ = write!(bytes, "{time:.9} ");
    bytes.extend_from_slice(&line.bytes);
    bytes.push(b'\n');
    let length = u32::try_from(bytes.len() - 8).unwrap_or(u32::MAX);
    bytes[4..8].copy_from_slice(&length.to_be_bytes());
    bytes
}
