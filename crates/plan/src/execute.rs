//! Carries a plan out: every step as soon as those before it are done, many at a time. It decides nothing.

use std::num::NonZeroUsize;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, Part, Progress};
use crate::graph::Plan;
use crate::problem::StepFailure;
use crate::schedule::Schedule;

/// What a plan consists of. The text form is the imperative: `start container shop-web-1`.
pub trait Step: std::fmt::Display {
    /// What a step is about.
    type Subject;
    /// What a step does to its subject.
    type Act;
    /// What came of it.
    type Outcome;

    /// What the step is about.
    fn subject(&self) -> Self::Subject;

    /// What the step does to its subject.
    fn act(&self) -> Self::Act;
}

/// The events of plans of such steps.
pub type EventOf<S> = Event<<S as Step>::Subject, <S as Step>::Act, <S as Step>::Outcome>;

/// Does the work of one step.
pub trait Runner<S: Step>: Sync {
    /// Does a step to its end.
    ///
    /// # Errors
    /// [`StepError::Failed`] ends the run. [`StepError::GivenUp`] is for a step that stopped waiting because
    /// [`Task::given_up`] said so.
    fn run(&self, task: Task<'_, S>) -> impl Future<Output = Result<S::Outcome, StepError>> + Send;
}

/// Records what a run has done, so that it can be undone.
pub trait Journal<S> {
    /// The step is done.
    fn done(&mut self, step: &S);

    /// The step has failed or was given up.
    fn not_done(&mut self, step: &S);
}

/// Records nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl<S> Journal<S> for NoJournal {
    fn done(&mut self, _: &S) {}

    fn not_done(&mut self, _: &S) {}
}

/// Why a step is not done.
#[derive(Debug)]
pub enum StepError {
    /// The step failed.
    Failed(Box<StepFailure>),
    /// Another step failed, or the run was stopped.
    GivenUp,
}

impl From<StepFailure> for StepError {
    fn from(failure: StepFailure) -> Self {
        StepError::Failed(Box::new(failure))
    }
}

/// Why a plan was not carried out to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// These steps failed, at least one.
    Failed(Vec<StepFailure>),
    /// [`Control::stop`] was cancelled.
    Interrupted,
}

/// Controls a run.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// Cancel it to stop: no new step begins, and waits end.
    pub stop: CancellationToken,
    /// How many steps run at a time; `None`: as many as are ready.
    pub parallel: Option<NonZeroUsize>,
}

/// A step that is being done.
pub struct Task<'a, S: Step> {
    number: usize,
    step: &'a S,
    give_up: &'a CancellationToken,
    events: &'a (dyn Fn(EventOf<S>) + Sync),
}

impl<S: Step> Clone for Task<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Step> Copy for Task<'_, S> {}

impl<'a, S: Step> Task<'a, S> {
    /// What is to be done.
    pub fn step(&self) -> &'a S {
        self.step
    }

    /// Returns once there is no point in waiting any longer: another step has failed, or the run was stopped.
    pub async fn given_up(&self) {
        self.give_up.cancelled().await;
    }

    /// Reports a line of the work's output.
    pub fn output(&self, text: impl Into<String>) {
        self.report(Progress::Output { text: text.into() });
    }

    /// Reports how far a part of the work is.
    pub fn part(&self, part: Part) {
        self.report(Progress::Part(part));
    }

    /// Reports a line that a hook of `service` has written.
    pub fn hook_output(&self, service: impl Into<String>, text: impl Into<String>) {
        self.report(Progress::Hook { service: service.into(), text: text.into() });
    }

    fn report(&self, progress: Progress<S::Outcome>) {
        (self.events)(Event { step: self.number, subject: self.step.subject(), act: self.step.act(), progress });
    }
}

/// Carries out `plan` and reports each step's progress to `events`. After a failure, or once `control.stop` is cancelled, no
/// new step begins but those that [complete](Plan::complete) one that is done; those that run are waited for. What was
/// done is in `journal` then: undoing it is the caller's part.
///
/// # Errors
/// [`Stopped::Failed`] with every step that failed; [`Stopped::Interrupted`] if none failed and some were left out.
pub async fn execute<S: Step + Sync, C: Sync, R: Runner<S>>(
    plan: &Plan<S, C>,
    runner: &R,
    journal: &mut (dyn Journal<S> + Send),
    control: &Control,
    events: &(dyn Fn(EventOf<S>) + Sync),
) -> Result<(), Stopped> {
    let give_up = control.stop.child_token();
    // What completes another step is not given up.
    let never = CancellationToken::new();
    let most = control.parallel.map_or(usize::MAX, NonZeroUsize::get);
    let mut schedule = Schedule::new(plan);
    let mut failures = Vec::new();
    let mut left = plan.len();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < most {
            let next = if give_up.is_cancelled() { schedule.next_completing() } else { schedule.next_ready() };
            let Some(number) = next else { break };
            let node = &plan.nodes()[number];
            let give_up = if node.completes().is_some() { &never } else { &give_up };
            running.push(carry_out(runner, Task { number, step: node.step(), give_up, events }));
        }
        let Some((task, result)) = running.next().await else { break };
        match result {
            Ok(()) => {
                journal.done(task.step);
                schedule.done(task.number);
                left -= 1;
            }
            Err(failure) => {
                give_up.cancel();
                journal.not_done(task.step);
                failures.extend(failure);
            }
        }
    }
    if !failures.is_empty() {
        return Err(Stopped::Failed(failures));
    }
    if left > 0 || control.stop.is_cancelled() { Err(Stopped::Interrupted) } else { Ok(()) }
}

/// `Err(None)` is a step that was given up.
async fn carry_out<'a, S: Step + Sync, R: Runner<S>>(
    runner: &R,
    task: Task<'a, S>,
) -> (Task<'a, S>, Result<(), Option<StepFailure>>) {
    task.report(Progress::Working);
    let result = match runner.run(task).await {
        Ok(outcome) => {
            task.report(Progress::Done(outcome));
            Ok(())
        }
        Err(StepError::GivenUp) => Err(None),
        Err(StepError::Failed(failure)) => {
            let message = failure.message.lines().next().unwrap_or_default().to_owned();
            task.report(Progress::Failed { message });
            Err(Some(*failure))
        }
    };
    (task, result)
}
