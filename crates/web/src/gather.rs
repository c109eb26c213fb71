//! Writes that wait their turn.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose writes wait until the other tasks that can run have run.
///
/// Towards Redis, those may have commands of their own, which then leave together: a system call and a packet cost more
/// than a command. Towards clients, answers are made one after the other and then sent one after the other, so that the
/// processor has the code for either at hand. Nothing waits for time to pass: where no other task can run, a write is as
/// quick as without this (docs/decisions/0022-one-thread.md).
///
/// Only single buffers are written: hyper then copies an answer into one, which costs less than a vectored write.
pub(crate) struct Gather<S> {
    stream: S,
    waited: bool,
}

impl<S> Gather<S> {
    pub(crate) fn new(stream: S) -> Self {
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use redis::aio::MultiplexedConnection;
    use redis::{AsyncConnectionConfig, RedisConnectionInfo};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinSet;

    use super::*;

    const CLIENTS: usize = 40;

    /// Counts the writes to a stream.
    struct Counting(DuplexStream, Arc<AtomicUsize>);

    impl AsyncWrite for Counting {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.1.fetch_add(1, SeqCst);
            Pin::new(&mut self.0).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    impl AsyncRead for Counting {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    /// Answers each command with 1.
    async fn answer(mut stream: DuplexStream) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut bytes).await {
            let commands = bytes[..read].iter().filter(|byte| **byte == b'*').count();
            stream.write_all(":1\r\n".repeat(commands).as_bytes()).await.unwrap();
        }
    }

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

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn commands_of_tasks_that_run_at_once_leave_together() {
        let task = async {
            let (ours, theirs) = duplex(4096);
            tokio::spawn(answer(theirs));
            let writes = Arc::new(AtomicUsize::new(0));
            let stream = Gather::new(Counting(ours, writes.clone()));
            let (redis, driver) = MultiplexedConnection::new_with_config(
                &RedisConnectionInfo::default(),
                stream,
                AsyncConnectionConfig::new(),
            )
            .await
            .unwrap();
            tokio::spawn(driver);
            let before = writes.load(SeqCst);
            let mut clients = JoinSet::new();
            for _ in 0..CLIENTS {
                let mut redis = redis.clone();
                clients.spawn(
                    async move { redis::cmd("INCR").arg("visits").query_async::<i64>(&mut redis).await.unwrap() },
                );
            }
            assert_eq!(clients.join_all().await, [1; CLIENTS]);
            writes.load(SeqCst) - before
        };
        let writes = tokio::spawn(task).await.unwrap();
        assert!((1..=4).contains(&writes), "{writes} writes for {CLIENTS} commands");
    }
}
