//! Moves archives between a thread that reads or writes files and the engine's connection.

use std::io::{Read, Write};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

/// Size of the chunks in which an archive is sent, in bytes.
const PIECE: usize = 64 * 1024;

/// Runs `write` on a thread of its own and returns a stream of what it writes.
pub(crate) fn written(
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + 'static,
) -> impl Stream<Item = std::io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut pipe = std::io::BufWriter::with_capacity(PIECE, Entrance(sender.clone()));
        let written = write(&mut pipe).and_then(|()| pipe.flush());
        if let Err(error) = written {
            // If the receiver is gone, the request is over, so the error is dropped.
            let _ = sender.blocking_send(Err(error));
        }
    });
    stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) })
}

struct Entrance(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Entrance {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs `read` on a thread of its own, with a stream of bytes as its input.
///
/// # Errors
/// Those of the stream. They replace the result of `read`, because they caused it.
pub(crate) async fn read<T: Send + 'static, E>(
    stream: impl Stream<Item = Result<Bytes, E>>,
    read: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
) -> Result<T, E> {
    let (sender, pieces) = mpsc::channel(4);
    let reading = tokio::task::spawn_blocking(move || read(&mut Exit { pieces, rest: Bytes::new() }));
    let mut stream = std::pin::pin!(stream);
    while let Some(piece) = stream.next().await {
        // The consumer may stop early.
        if sender.send(piece?).await.is_err() {
            break;
        }
    }
    drop(sender);
    match reading.await {
        Ok(read) => Ok(read),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

struct Exit {
    pieces: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl Read for Exit {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.rest = piece,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}
