//! Carries a plan out: every step as soon as those before it are done, many at a time. It decides nothing.

mod build;
mod explain;
pub(crate) mod files;
mod hook;
mod journal;
mod pull;
mod run;
mod stop;
mod wait;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use wharf_compose::Project;
use wharf_docker::Engine;

use crate::plan::{Node, Step};
use crate::{Error, Event, Plan, Progress, StepFailure};
use journal::Journal;
use stop::Stop;
use wait::Watch;

/// How a plan is carried out.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// Cancelled when somebody asks to stop: nothing new is begun, and waits end.
    pub stop: CancellationToken,
    /// The longest that one container is waited for; `None`: as long as it takes.
    pub wait_timeout: Option<Duration>,
    /// The most memory that a build may use, in bytes.
    pub build_memory: Option<i64>,
    /// How many steps are carried out at a time; `None`: as many as can be.
    pub parallel: Option<std::num::NonZeroUsize>,
}

/// What the steps need.
struct Site<'a> {
    project: &'a Project,
    engine: &'a Engine,
    events: &'a (dyn Fn(Event) + Sync),
    watch: Option<Watch>,
    wait_timeout: Option<Duration>,
    build_memory: Option<i64>,
    /// Cancelled at the first failure: there is nothing left to wait for.
    give_up: CancellationToken,
}

impl Site<'_> {
    fn report(&self, number: usize, step: &Step, progress: Progress) {
        (self.events)(Event { step: number, subject: step.subject(), progress });
    }
}

/// Carries out `plan` and reports each step's progress to `events`.
///
/// After a failure nothing new is begun, and what this run made but never used is removed again: containers that were
/// never started, and networks and volumes without a user.
///
/// # Errors
/// [`Error::Failed`] with every step that failed, [`Error::Interrupted`], or the engine's own.
pub async fn apply(
    plan: &Plan,
    project: &Project,
    engine: &Engine,
    events: &(dyn Fn(Event) + Sync),
    options: &ApplyOptions,
) -> Result<(), Error> {
    let waits = plan.steps.iter().any(|node| matches!(node.step, Step::AwaitContainer { .. }));
    let site = Site {
        project,
        engine,
        events,
        watch: if waits { Some(Watch::open(engine, &project.name).await?) } else { None },
        wait_timeout: options.wait_timeout,
        build_memory: options.build_memory,
        give_up: options.stop.child_token(),
    };
    let mut journal = Journal::default();
    let mut failures = Vec::new();
    let mut schedule = Schedule::new(plan);
    let mut running = FuturesUnordered::new();
    let most = options.parallel.map_or(usize::MAX, std::num::NonZeroUsize::get);
    loop {
        while !site.give_up.is_cancelled()
            && running.len() < most
            && let Some(number) = schedule.next_ready()
        {
            running.push(carry_out(&site, number, &plan.steps[number]));
        }
        let Some((number, result)) = running.next().await else { break };
        match result {
            Ok(()) => {
                journal.record(&plan.steps[number].step);
                schedule.done(number);
            }
            Err(failure) => {
                site.give_up.cancel();
                journal.retain(&plan.steps[number].step);
                failures.extend(failure);
            }
        }
    }
    drop(running);
    let interrupted = options.stop.is_cancelled();
    if failures.is_empty() && !interrupted {
        return Ok(());
    }
    journal.undo(engine).await;
    if failures.is_empty() { Err(Error::Interrupted) } else { Err(Error::Failed(failures)) }
}

/// `Err(None)` is a wait that was given up because something else failed.
async fn carry_out(site: &Site<'_>, number: usize, node: &Node) -> (usize, Result<(), Option<StepFailure>>) {
    let (doing, done) = node.step.words();
    site.report(number, &node.step, Progress::Working { text: doing.to_owned() });
    let result = run::step(site, number, &node.step).await;
    let result = match result {
        Ok(outcome) => {
            let text = outcome.unwrap_or_else(|| done.to_owned());
            site.report(number, &node.step, Progress::Done { text });
            Ok(())
        }
        Err(Stop::GivenUp) => Err(None),
        Err(Stop::Failed(failure)) => {
            let text = failure.message.lines().next().unwrap_or_default().to_owned();
            site.report(number, &node.step, Progress::Failed { text });
            Err(Some(*failure))
        }
    };
    (number, result)
}

/// Which steps may begin.
struct Schedule {
    /// Steps before each that are not done.
    open: Vec<usize>,
    followers: Vec<Vec<usize>>,
    ready: std::collections::VecDeque<usize>,
}

impl Schedule {
    fn new(plan: &Plan) -> Self {
        let mut followers = vec![Vec::new(); plan.steps.len()];
        for (number, node) in plan.steps.iter().enumerate() {
            for before in &node.after {
                followers[*before].push(number);
            }
        }
        let open: Vec<usize> = plan.steps.iter().map(|node| node.after.len()).collect();
        let ready = open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(number, _)| number).collect();
        Schedule { open, followers, ready }
    }

    fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    fn done(&mut self, number: usize) {
        for follower in std::mem::take(&mut self.followers[number]) {
            self.open[follower] -= 1;
            if self.open[follower] == 0 {
                self.ready.push_back(follower);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Cause;

    #[test]
    fn a_step_begins_when_all_before_it_are_done() {
        let mut plan = Plan::default();
        let step = |name: &str| Step::StartContainer { name: name.to_owned() };
        let a = plan.add(step("a"), Cause::Asked, vec![]);
        let b = plan.add(step("b"), Cause::Asked, vec![]);
        let c = plan.add(step("c"), Cause::Asked, vec![a, b, b]);
        let mut schedule = Schedule::new(&plan);
        assert_eq!((schedule.next_ready(), schedule.next_ready(), schedule.next_ready()), (Some(a), Some(b), None));
        schedule.done(b);
        assert_eq!(schedule.next_ready(), None);
        schedule.done(a);
        assert_eq!(schedule.next_ready(), Some(c));
    }
}
