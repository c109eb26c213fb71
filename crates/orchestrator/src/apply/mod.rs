//! Carries a plan out in the engine.

mod conflict;
pub mod containers;
mod context;
pub(crate) mod create;
mod explain;
mod journal;
pub(crate) mod lines;
mod lost_answer;
mod notes;
mod places;
mod steps;
mod wait;
mod watch;
mod working;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wharf_compose::Project;
use wharf_docker::{Engine, Logins};
use wharf_plan::{Control, Stopped};

use crate::build::Builder;
use crate::plan::{ChangedVolume, Step, build_of, unbuildable};
use crate::sealed::Sealer;
use crate::{Error, Event, Plan};
use context::Context;
use journal::Journal;
pub(crate) use notes::Notes;
pub use steps::check_builds;
use watch::Watch;
use working::Working;

/// How plans are carried out.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// Cancel it to stop gracefully: no new step begins, waits end, and replacements that were
    /// begun are completed. Where images are pulled or built before that, it ends them at once.
    pub stop: CancellationToken,
    /// Cancel it to stop at once, without waiting and without removing anything.
    pub abort: CancellationToken,
    /// Cancel it to let another command take over: as soon as all steps that run are waits, it stops as `stop` does.
    pub give_way: CancellationToken,
    /// Variables (`KEY=VALUE`) that hooks get besides their own.
    pub hook_environment: Vec<String>,
    /// The environment of the programs that provide services (`provider:`).
    pub environment: BTreeMap<String, String>,
    /// How long to wait for one container. `None`: without a limit.
    pub wait_timeout: Option<Duration>,
    /// How images are built.
    pub builds: BuildSettings,
    /// How many steps are carried out at a time; `None`: as many as [`wharf_docker::connections`] allows, waits aside.
    pub parallel: Option<NonZeroUsize>,
    /// How often the slow hash of what no inspection shows is repeated. `None`: 600,000 times. Fewer are for tests.
    pub seal_rounds: Option<NonZeroU32>,
    /// Whether to only report plans to the [`Listener`].
    pub dry_run: bool,
}

/// How images are built.
#[derive(Debug, Clone, Default)]
pub struct BuildSettings {
    /// Whether the classic builder is wanted where the engine has BuildKit, too.
    pub classic: bool,
    /// How much memory a step may use, in bytes. Only the classic builder can limit it.
    pub memory: Option<i64>,
    /// The socket of the caller's SSH agent, for `ssh: [default]`.
    pub ssh_agent: Option<PathBuf>,
    /// Whether BuildKit's own reports are the output of a build, as lines of JSON with the names of docker's
    /// `--progress rawjson`.
    pub raw_reports: bool,
}

impl ApplyOptions {
    /// Runs `work`, and drops it when `abort` is cancelled.
    ///
    /// # Errors
    /// [`Error::Interrupted`], or the error of `work`.
    pub async fn unless_aborted<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.abort.cancelled() => Err(Error::Interrupted),
            result = work => result,
        }
    }
}

/// Receives what happens to plans. A closure that takes an [`Event`] is a listener.
pub trait Listener: Sync {
    /// A plan is about to be carried out, or would be in a dry run.
    ///
    /// # Errors
    /// If it cannot be shown. It is not carried out then.
    fn plan_begins(&self, plan: &Plan) -> std::io::Result<()> {
        let _ = plan;
        Ok(())
    }

    /// Whether a volume may be replaced, with the loss of its data, because its settings changed in the file.
    fn may_replace(&self, volume: &ChangedVolume) -> bool {
        let _ = volume;
        false
    }

    /// A step has news.
    fn event(&self, event: Event);

    /// The plan was carried out, has failed, or was stopped.
    fn plan_ends(&self) {}
}

impl<F: Fn(Event) + Sync> Listener for F {
    fn event(&self, event: Event) {
        self(event);
    }
}

/// Carries out `plan` and reports each step's progress to `events`.
///
/// After a failure no new step begins, but replacements that were begun are completed. Containers that were created to
/// replace others and did not are removed. Networks, volumes and other containers stay as they are: the next run goes on
/// from there.
///
/// # Errors
/// [`Error::Failed`] with every step that failed, [`Error::Interrupted`], or the engine's own.
pub async fn apply(
    engine: &Engine,
    project: &Project,
    plan: &Plan,
    options: &ApplyOptions,
    events: &dyn Listener,
) -> Result<(), Error> {
    let sealer = Sealer::new(options.seal_rounds);
    Applier { engine, project, options, events, sealer: &sealer }.apply(plan, &Notes::default()).await
}

/// Carries out plans for one project.
#[derive(Clone, Copy)]
pub(crate) struct Applier<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) project: &'a Project,
    pub(crate) options: &'a ApplyOptions,
    pub(crate) events: &'a dyn Listener,
    /// Seals as containers were compared before.
    pub(crate) sealer: &'a Sealer,
}

/// What builds the images of a plan, if it builds any.
///
/// # Errors
/// What that builder cannot do, before anything is done.
async fn builder(
    engine: &Engine,
    project: &Project,
    plan: &Plan,
    settings: &BuildSettings,
) -> Result<Option<Builder>, Error> {
    if plan.steps().all(|step| build_of(step).is_none()) {
        return Ok(None);
    }
    let builder = Builder::of(engine, settings.classic).await?;
    let problems = unbuildable(project, plan, &builder, settings.memory.is_some());
    if problems.is_empty() { Ok(Some(builder)) } else { Err(Error::Refused(problems)) }
}

impl Applier<'_> {
    /// Does what [`apply()`] does, and notes what the caller has to know beyond the result.
    pub(crate) async fn apply(self, plan: &Plan, notes: &Notes) -> Result<(), Error> {
        let Applier { options, events, .. } = self;
        events
            .plan_begins(plan)
            .map_err(|error| Error::refused(format!("cannot show the plan: {error}"), None, None))?;
        if options.dry_run {
            return Ok(());
        }
        let result = options.unless_aborted(self.carry_out(plan, notes)).await;
        events.plan_ends();
        result
    }

    async fn carry_out(self, plan: &Plan, notes: &Notes) -> Result<(), Error> {
        let Applier { engine, project, options, events, sealer } = self;
        let watch = if plan.steps().any(Step::is_wait) { Some(Watch::open(engine, &project.name)) } else { None };
        let connections = match options.parallel {
            Some(_) => Semaphore::MAX_PERMITS,
            None => wharf_docker::connections(),
        };
        let builder = builder(engine, project, plan, &options.builds).await?;
        let context = Context {
            project,
            engine,
            logins: Arc::new(Logins::of(engine.endpoint())),
            watch,
            wait_timeout: options.wait_timeout,
            builder,
            builds: &options.builds,
            connections: Semaphore::new(connections),
            hook_environment: &options.hook_environment,
            provider_environment: &options.environment,
            working: Working::default(),
            notes,
            sealer,
        };
        let stop = options.stop.child_token();
        let control = Control { stop: stop.clone(), parallel: options.parallel };
        let mut journal = Journal::new(project);
        let report = |event| events.event(event);
        let execution = wharf_plan::execute(plan, &context, &mut journal, &control, &report);
        // The executor comes first, so that steps that are ready have begun when it is judged what runs.
        let result = tokio::select! {
            biased;
            result = execution => result,
            never = async {
                options.give_way.cancelled().await;
                context.working.only_waits().await;
                stop.cancel();
                std::future::pending().await
            } => never,
        };
        if result.is_err() {
            journal.undo(engine).await;
        }
        result.map_err(|stopped| match stopped {
            Stopped::Failed(failures) => Error::Failed(failures),
            Stopped::Interrupted if options.stop.is_cancelled() => Error::Interrupted,
            Stopped::Interrupted => Error::TakenOver,
        })
    }
}
