//! Signals that are meant for a process in a container.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that this process gets from here on, instead of their usual effect.
pub(crate) struct Signals(Vec<(&'static str, Signal)>);

impl Signals {
    pub(crate) fn take() -> std::io::Result<Self> {
        let kinds = [
            ("SIGINT", SignalKind::interrupt()),
            ("SIGTERM", SignalKind::terminate()),
            ("SIGHUP", SignalKind::hangup()),
            ("SIGQUIT", SignalKind::quit()),
            ("SIGUSR1", SignalKind::user_defined1()),
            ("SIGUSR2", SignalKind::user_defined2()),
        ];
        let taken = kinds.into_iter().map(|(name, kind)| Ok((name, signal(kind)?)));
        Ok(Signals(taken.collect::<std::io::Result<_>>()?))
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        std::future::poll_fn(|context| {
            let mut got = self.0.iter_mut().filter_map(|(name, signal)| match signal.poll_recv(context) {
                std::task::Poll::Ready(Some(())) => Some(*name),
                _ => None,
            });
            got.next().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}
