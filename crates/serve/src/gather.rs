//! Writes that wait for other tasks, so that they leave together.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose writes wait until the other tasks that can run have run.
///
/// On a connection that tasks share, their commands then leave together, because a system call and a packet cost more
/// than a command. Towards clients, several answers are made and then sent, so that the code for each stays in the
/// processor's cache. There is no delay: if no other task can run, a write is as quick as without this
/// (`docs/decisions/0022-one-thread.md`).
///
/// Only single buffers are written: hyper then copies an answer into one, which costs less than a vectored write.
pub struct Gather<S> {
    stream: S,
    waited: bool,
}

impl<S> Gather<S> {
    /// Gathers the writes to `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, waited: false }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gather<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gather<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_at_once_arrives_whole() {
        let (ours, mut theirs) = duplex(7);
        let mut stream = Gather::new(ours);
        let sent: Vec<u8> = (0..10_000).map(|number| (number % 251) as u8).collect();
        let mut received = Vec::new();
        let write = async {
            stream.write_all(&sent).await.unwrap();
            stream.shutdown().await.unwrap();
        };
        tokio::join!(write, async { theirs.read_to_end(&mut received).await.unwrap() });
        assert_eq!(received, sent);
    }
}
