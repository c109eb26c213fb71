//! Acting on changed files until something ends it: for `watch` and for `up --watch`.

use std::sync::Arc;

use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::Error;
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::watch::{
    Changes, Files, Job, Notice, Rules, Stage, WatchOptions, carry_out, initial_sync, tasks, until_gone,
};
use wharf_serve::Interrupts;

use crate::failure::Failure;
use crate::screen::progress::Display;
use crate::screen::report;
use crate::session::{ProjectLock, Session};

/// What is watched, and where it is said.
#[derive(Clone, Copy)]
pub(crate) struct Watching<'a> {
    pub(crate) session: &'a Session,
    pub(crate) engine: &'a Engine,
    pub(crate) project: &'a Project,
    pub(crate) display: &'a Display,
    /// Whether images that a build has left without a name are removed.
    pub(crate) prune: bool,
}

/// Files that are watched already.
pub(crate) struct Opened {
    rules: Arc<Rules>,
    files: Files,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The person wants it.
    Interrupted,
    /// There are no containers any more.
    Gone,
}

impl Watching<'_> {
    /// Begins to watch. What changes from here on is acted on by [`Watching::follow`].
    pub(crate) async fn open(&self, rules: Arc<Rules>) -> Result<Opened, Failure> {
        Ok(Opened { files: Files::watch(rules.clone()).await?, rules })
    }

    /// Acts on changes. What fails is shown, and it goes on.
    pub(crate) async fn follow(self, mut opened: Opened, interrupts: &Interrupts) -> Result<Ended, Failure> {
        let Watching { engine, project, display, .. } = self;
        let rules = opened.rules.clone();
        let at_once = self.apply_options(interrupts, false);
        self.show(initial_sync(engine, project, &rules, &at_once, display).await.map_err(Failure::from));
        let services = rules.services().into_iter().map(str::to_owned).collect();
        display.notice(&Notice::Watching { services });
        let mut gone = std::pin::pin!(until_gone(engine, project, &rules));
        loop {
            tokio::select! {
                biased;
                () = interrupts.first.cancelled() => return Ok(Ended::Interrupted),
                () = &mut gone => {
                    display.notice(&Notice::Gone { project: project.name.clone() });
                    return Ok(Ended::Gone);
                }
                changes = opened.files.next() => match changes {
                    Some(Changes::Paths(paths)) => self.act(&rules.jobs(&paths), interrupts).await,
                    Some(Changes::Unwatched(error)) => self.show(Err(error.into())),
                    None => return Ok(Ended::Interrupted),
                },
            }
        }
    }

    /// Does what changes lead to. The rest of a task is left out after a failure.
    async fn act(&self, jobs: &[Job], interrupts: &Interrupts) {
        for task in tasks(jobs) {
            for stage in &task.stages {
                let done = self.stage(*stage, &task.jobs, interrupts).await;
                let has_failed = done.is_err();
                self.show(done);
                if has_failed {
                    break;
                }
            }
        }
    }

    async fn stage(&self, stage: Stage, jobs: &[Job], interrupts: &Interrupts) -> Result<(), Failure> {
        let Watching { session, engine, project, display, prune } = *self;
        let lock = match stage.changes_containers() {
            true => session.lock("watch", project, engine, &interrupts.first).await?,
            false => ProjectLock::default(),
        };
        let apply = lock.options(self.apply_options(interrupts, stage.changes_containers()));
        let options = WatchOptions { apply, prune };
        let done = carry_out(engine, project, jobs, stage, &options, display).await;
        done.map_err(|error| lock.failure(error))
    }

    /// An interrupt ends copies and builds at once; what changes containers is completed where it has begun.
    fn apply_options(&self, interrupts: &Interrupts, with_grace: bool) -> ApplyOptions {
        let options = self.session.apply_options(interrupts);
        match with_grace {
            true => options,
            false => ApplyOptions { abort: interrupts.first.clone(), ..options },
        }
    }

    fn show(&self, done: Result<(), Failure>) {
        match done {
            // It ends the watch, which is seen without a word.
            Ok(()) | Err(Failure::Orchestrator(Error::Interrupted)) => {}
            Err(failure) => self.display.aside(|| {
                report::failure(&failure, self.session.called, self.session.colours.err);
            }),
        }
    }
}
