//! Bare calls of the Engine API on a Unix socket: one connection for each.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use anyhow::{Context, Result, bail};

/// Sends a request and returns the body of the answer.
///
/// # Errors
///
/// If the engine cannot be reached, or answers with another status than 2xx or 304.
pub(super) fn call(socket: &Path, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = UnixStream::connect(socket).with_context(|| format!("cannot connect to {}", socket.display()))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') && status != "304" {
        bail!("{method} {path}: {answer}");
    }
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// The `Id` in an answer.
///
/// # Errors
///
/// If there is none.
pub(super) fn id(answer: &str) -> Result<String> {
    let (_, rest) = answer.split_once(r#""Id":""#).with_context(|| format!("no Id in {answer:?}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}
