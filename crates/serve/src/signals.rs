//! SIGINT, SIGTERM and SIGHUP as cancellation.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Signals that come within this time of the first one are the same request. A terminal's Ctrl-C reaches every process
/// in the foreground, and a supervisor may send its own signal for the same key.
pub const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// `first` is cancelled by the first SIGINT, SIGTERM or SIGHUP and asks for an orderly end. `second` is cancelled by the next
/// one that comes after [`SAME_SIGNAL`], and demands the end at once.
#[derive(Clone, Debug, Default)]
pub struct Interrupts {
    /// Cancelled by the first signal.
    pub first: CancellationToken,
    /// Cancelled by the second one.
    pub second: CancellationToken,
}

impl Interrupts {
    /// Takes over SIGINT, SIGTERM and SIGHUP, from here to the end of the process. A process that was started to ignore
    /// SIGHUP, as by `nohup`, still ignores it. Call it within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the system does not let signals be handled.
    pub fn take() -> io::Result<Self> {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if !ignores(&status, SignalKind::hangup()) {
            kinds.push(SignalKind::hangup());
        }
        let mut signals = kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
        let interrupts = Self::default();
        tokio::spawn(interrupts.clone().follow(move |cx| {
            // All are polled, so that each wakes the task.
            let mut ready = false;
            for signal in &mut signals {
                ready |= signal.poll_recv(cx).is_ready();
            }
            if ready { Poll::Ready(()) } else { Poll::Pending }
        }));
        Ok(interrupts)
    }

    /// Cancels the tokens as `signal` becomes ready, which it does once for each signal.
    async fn follow(self, mut signal: impl FnMut(&mut Context<'_>) -> Poll<()>) {
        poll_fn(&mut signal).await;
        self.first.cancel();
        let same = sleep(SAME_SIGNAL);
        tokio::pin!(same);
        loop {
            tokio::select! {
                biased;
                () = &mut same => break,
                () = poll_fn(&mut signal) => {}
            }
        }
        poll_fn(&mut signal).await;
        self.second.cancel();
    }
}

/// Whether a process ignores a signal, by its `/proc/PID/status`. A handler would undo that.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal.as_raw_value() - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio::time::{Instant, sleep_until};

    use super::*;

    /// What is cancelled soon after each of the signals, which come at these milliseconds.
    async fn after(milliseconds: &[u64]) -> Vec<(bool, bool)> {
        let (send, mut signals) = mpsc::unbounded_channel();
        let interrupts = Interrupts::default();
        tokio::spawn(interrupts.clone().follow(move |cx| match signals.poll_recv(cx) {
            Poll::Ready(Some(())) => Poll::Ready(()),
            _ => Poll::Pending,
        }));
        let start = Instant::now();
        let mut seen = Vec::new();
        for at in milliseconds {
            sleep_until(start + Duration::from_millis(*at)).await;
            send.send(()).unwrap();
            sleep(Duration::from_millis(1)).await;
            seen.push((interrupts.first.is_cancelled(), interrupts.second.is_cancelled()));
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_signal_asks_and_the_second_demands() {
        assert_eq!(after(&[5000, 6500]).await, [(true, false), (true, true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn signals_within_a_second_are_one() {
        assert_eq!(after(&[0, 2, 900, 1100]).await, [(true, false), (true, false), (true, false), (true, true)]);
    }

    #[test]
    fn what_nohup_ignores_is_known_from_the_mask() {
        let status = |mask: &str| format!("SigBlk:\t0000000000000000\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n");
        assert!(ignores(&status("0000000000001001"), SignalKind::hangup()));
        assert!(!ignores(&status("0000000000001000"), SignalKind::hangup()));
        assert!(!ignores("", SignalKind::hangup()));
    }
}
