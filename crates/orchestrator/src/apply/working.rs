//! Counts the steps that do something, so that a plan whose steps all wait can be told from one that works.

use tokio::sync::watch;

#[derive(Debug, Default)]
pub(super) struct Working(watch::Sender<usize>);

/// A step that does something, until it is dropped.
pub(super) struct Work<'a>(&'a Working);

impl Working {
    pub(super) fn begin(&self) -> Work<'_> {
        self.0.send_modify(|steps| *steps += 1);
        Work(self)
    }

    /// Returns once no step does anything.
    pub(super) async fn only_waits(&self) {
        // The sender is ours, so it is there.
        let _ = self.0.subscribe().wait_for(|steps| *steps == 0).await;
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|steps| *steps -= 1);
    }
}
