//! The smallest HTTP client that serves: one request, one connection.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The number on the counting page, or in the first line of plain text.
    pub(crate) fn count(&self) -> i64 {
        assert_eq!(self.status, 200, "{self:?}");
        let (text, end) = match self.body.split_once(r#"id="count" value=""#) {
            Some((_, text)) => (text, '"'),
            None => (&*self.body, ' '),
        };
        text.split(end).next().unwrap().parse().unwrap()
    }
}

/// Asks for a page, as a browser does.
pub(crate) async fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    request(address, "GET", path, "Accept: text/html\r\n").await
}

/// Sends a request with more `headers`, each of which ends in a line break.
pub(crate) async fn request(address: SocketAddr, method: &str, path: &str, headers: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    // The body may be a picture.
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Answer { status, head: head.to_lowercase(), body: body.to_owned() })
}
