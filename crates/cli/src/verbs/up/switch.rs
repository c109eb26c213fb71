//! The watch beside the logs of `up`, which a key turns on and off.

use std::pin::Pin;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wharf_orchestrator::watch::{Notice, Rules};
use wharf_serve::Interrupts;

use crate::failure::Failure;
use crate::screen::report;
use crate::verbs::watch::watching::{Ended, Opened, Watching};

type Running<'a> = Pin<Box<dyn Future<Output = Result<Ended, Failure>> + Send + 'a>>;

/// A watch that is on or off.
pub(crate) struct Switch<'a> {
    watching: Watching<'a>,
    services: &'a [String],
    interrupts: &'a Interrupts,
    running: Option<(CancellationToken, Running<'a>)>,
}

impl<'a> Switch<'a> {
    pub(crate) fn new(watching: Watching<'a>, services: &'a [String], interrupts: &'a Interrupts) -> Self {
        Switch { watching, services, interrupts, running: None }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.running.is_some()
    }

    /// Begins to watch.
    ///
    /// # Errors
    /// If nothing can be watched.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        let Watching { project, display, session, .. } = self.watching;
        let (rules, warnings) = Rules::read(project, self.services)?;
        warnings.iter().for_each(|warning| display.aside(|| report::plan_warning(warning, session.colours.err)));
        self.watching.open(Arc::new(rules)).await
    }

    /// Acts on what changes from here on, and has changed since it was opened.
    pub(crate) fn turn_on(&mut self, opened: Opened) {
        let off = self.interrupts.first.child_token();
        let interrupts = Interrupts { first: off.clone(), second: self.interrupts.second.clone() };
        let watching = self.watching;
        let running = async move { watching.follow(opened, &interrupts).await };
        self.running = Some((off, Box::pin(running)));
    }

    /// Turns it on or off. That nothing can be watched is shown.
    pub(crate) async fn toggle(&mut self) {
        if let Some((off, _)) = &self.running {
            // What it does is completed, so it is off when it has ended.
            return off.cancel();
        }
        match self.open().await {
            Ok(opened) => self.turn_on(opened),
            Err(failure) => self.watching.display.aside(|| {
                report::failure(&failure, self.watching.session.called, self.watching.session.colours.err);
            }),
        }
    }

    /// Turns it off, and waits until what it does to containers is completed.
    ///
    /// # Errors
    /// Why it failed.
    pub(crate) async fn turn_off(&mut self) -> Result<(), Failure> {
        if let Some((off, _)) = &self.running {
            off.cancel();
            self.ended().await?;
        }
        Ok(())
    }

    /// Waits until it has ended, whatever the reason. It is off then.
    pub(crate) async fn ended(&mut self) -> Result<Ended, Failure> {
        let Some((_, running)) = &mut self.running else { return std::future::pending().await };
        let ended = running.as_mut().await;
        self.running = None;
        if !self.interrupts.first.is_cancelled() && matches!(ended, Ok(Ended::Interrupted)) {
            self.watching.display.notice(&Notice::Stopped);
        }
        ended
    }
}
