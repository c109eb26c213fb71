//! Lines on their way to standard output. They are gathered for a few milliseconds and written together, because a system
//! call costs more than a line.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others.
const GATHER: Duration = Duration::from_millis(5);

/// At most this many bytes wait. If the output is not read, logging then blocks, as it does without this.
const WAITING_AT_MOST: usize = 1 << 20;

/// How long [`Flush`] waits for an output that is not read.
const FLUSH_TAKES: Duration = Duration::from_secs(1);

/// The lines that wait for the thread that writes.
#[derive(Clone)]
pub(crate) struct Batch(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Something waits to be written.
    filled: Condvar,
    /// The lines must be written now.
    hurry: Condvar,
    /// Everything was written.
    drained: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When dropped, writes the lines that wait. Later lines are written at once.
pub(crate) struct Flush(Batch);

impl Batch {
    /// A batch, and its thread, which writes to `output`.
    pub(crate) fn start(output: impl Write + Send + 'static) -> io::Result<(Self, Flush)> {
        let shared =
            Shared { state: Mutex::default(), filled: Condvar::new(), hurry: Condvar::new(), drained: Condvar::new() };
        let batch = Self(Arc::new(shared));
        let writer = batch.clone();
        thread::Builder::new().name("log".into()).spawn(move || writer.write_to(output))?;
        Ok((batch.clone(), Flush(batch)))
    }

    fn write_to(self, mut output: impl Write) {
        let shared = &*self.0;
        let mut state = shared.lock();
        loop {
            state = shared
                .filled
                .wait_while(state, |state| state.waiting.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            let full = |state: &mut State| !state.closed && state.waiting.len() < WAITING_AT_MOST;
            let gathered = shared.hurry.wait_timeout_while(state, GATHER, full);
            state = gathered.unwrap_or_else(PoisonError::into_inner).0;
            let lines = std::mem::take(&mut state.waiting);
            state.writing = true;
            drop(state);
            // If the output is gone, there is no place left to report it.
            let _ = output.write_all(&lines).and_then(|()| output.flush());
            state = shared.lock();
            state.writing = false;
            if state.waiting.is_empty() {
                // The buffer is used again.
                state.waiting = lines;
                state.waiting.clear();
            }
            shared.drained.notify_all();
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let Self(Batch(shared)) = self;
        let mut state = shared.lock();
        state.closed = true;
        shared.hurry.notify_all();
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        drop(shared.drained.wait_timeout_while(state, FLUSH_TAKES, busy));
    }
}

impl Write for &Batch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Batch(shared) = self;
        let full = |state: &mut State| state.waiting.len() >= WAITING_AT_MOST;
        let mut state = shared.drained.wait_while(shared.lock(), full).unwrap_or_else(PoisonError::into_inner);
        let first = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        let hurry = state.closed || state.waiting.len() >= WAITING_AT_MOST;
        drop(state);
        if first {
            shared.filled.notify_one();
        }
        if hurry {
            shared.hurry.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'writer> MakeWriter<'writer> for Batch {
    type Writer = &'writer Self;

    fn make_writer(&'writer self) -> &'writer Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Hands over each write; waits for a permit before it.
    struct Output {
        permits: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.permits.recv();
            self.written.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn batch() -> (Batch, Flush, Sender<()>, Receiver<Vec<u8>>) {
        let (permit, permits) = channel();
        let (sender, written) = channel();
        let (batch, flush) = Batch::start(Output { permits, written: sender }).unwrap();
        (batch, flush, permit, written)
    }

    #[test]
    fn lines_come_out_whole_in_order_and_together() {
        let (batch, flush, permit, written) = batch();
        drop(permit);
        for number in 0..1000 {
            (&batch).write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        drop(flush);
        let writes: Vec<Vec<u8>> = written.try_iter().collect();
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(writes.concat()).unwrap(), expected);
        assert!(writes.len() < 500, "{}", writes.len());
    }

    #[test]
    fn a_line_after_the_end_is_written_too() {
        let (batch, flush, permit, written) = batch();
        drop((permit, flush));
        (&batch).write_all(b"late\n").unwrap();
        assert_eq!(written.recv_timeout(Duration::from_secs(10)).unwrap(), b"late\n");
    }

    #[test]
    fn an_output_that_is_not_read_blocks_the_writer_and_loses_nothing() {
        let (batch, flush, permit, written) = batch();
        let line = vec![b'x'; WAITING_AT_MOST / 4];
        let writer = thread::spawn(move || (0..20).for_each(|_| (&batch).write_all(&line).unwrap()));
        let mut bytes = 0;
        while bytes < 5 * WAITING_AT_MOST {
            permit.send(()).unwrap();
            let write = written.recv_timeout(Duration::from_secs(10)).unwrap();
            assert!(write.len() < 2 * WAITING_AT_MOST);
            bytes += write.len();
        }
        writer.join().unwrap();
        drop(flush);
    }
}
