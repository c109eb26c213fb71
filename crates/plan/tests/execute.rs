//! The executor with steps that do nothing but wait, fail and count.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use wharf_plan::{
    Control, EventOf, Journal, NoJournal, Plan, Progress, Runner, Step, StepError, StepFailure, Stopped, Task, execute,
};

/// What a toy does when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Finish,
    Fail,
    /// Wait until the run gives up.
    Wait,
    /// Wait until the test opens the gate of this name.
    Gate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Toy(&'static str, Act);

impl fmt::Display for Toy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.1, self.0)
    }
}

impl Step for Toy {
    type Subject = &'static str;
    type Act = Act;
    type Outcome = usize;

    fn subject(&self) -> &'static str {
        self.0
    }

    fn act(&self) -> Act {
        self.1
    }
}

/// Counts how many steps run at a time.
#[derive(Default)]
struct Toys {
    running: AtomicUsize,
    most: AtomicUsize,
    gates: HashMap<&'static str, Semaphore>,
}

impl Toys {
    fn gated(names: &[&'static str]) -> Self {
        Toys { gates: names.iter().map(|name| (*name, Semaphore::new(0))).collect(), ..Toys::default() }
    }

    fn open(&self, name: &str) {
        self.gates[name].add_permits(1);
    }
}

impl Runner<Toy> for Toys {
    async fn run(&self, task: Task<'_, Toy>) -> Result<usize, StepError> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        let Toy(name, act) = *task.step();
        let result = match act {
            Act::Finish => {
                // Others that may begin do so now.
                tokio::task::yield_now().await;
                Ok(name.len())
            }
            Act::Fail => {
                let message = format!("{name} broke\nin two lines");
                Err(StepFailure {
                    step: task.step().to_string(),
                    message,
                    place: None,
                    help: None,
                    details: Vec::new(),
                }
                .into())
            }
            Act::Wait => {
                task.given_up().await;
                Err(StepError::GivenUp)
            }
            Act::Gate => {
                self.gates[name].acquire().await.unwrap().forget();
                Ok(0)
            }
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

#[derive(Default)]
struct Record(Vec<String>);

impl Journal<Toy> for Record {
    fn done(&mut self, step: &Toy) {
        self.0.push(format!("done {}", step.0));
    }

    fn not_done(&mut self, step: &Toy) {
        self.0.push(format!("not done {}", step.0));
    }
}

/// Events as text, in their order.
#[derive(Default)]
struct Story(Mutex<Vec<String>>);

impl Story {
    fn tell(&self, event: &EventOf<Toy>) {
        let what = match &event.progress {
            Progress::Working => "begins".to_owned(),
            Progress::Done(outcome) => format!("done with {outcome}"),
            Progress::Failed { message } => format!("failed: {message}"),
            Progress::Part(part) => format!("{} {}", part.name, part.status),
            Progress::Output { text } | Progress::Hook { text, .. } => text.clone(),
        };
        self.0.lock().unwrap().push(format!("{} {what}", event.subject));
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

type ToyPlan = Plan<Toy, &'static str>;

fn add(plan: &mut ToyPlan, name: &'static str, act: Act, after: &[usize]) -> usize {
    plan.add(Toy(name, act), "asked for", after.iter().copied())
}

#[tokio::test]
async fn steps_run_in_the_order_of_the_graph() {
    let mut plan = Plan::default();
    let a = add(&mut plan, "a", Act::Finish, &[]);
    let b = add(&mut plan, "bb", Act::Finish, &[a]);
    add(&mut plan, "c", Act::Finish, &[a, b]);
    let (story, mut record) = (Story::default(), Record::default());
    let result = execute(&plan, &Toys::default(), &mut record, &Control::default(), &|event| story.tell(&event)).await;
    assert_eq!(result, Ok(()));
    let expected = ["a begins", "a done with 1", "bb begins", "bb done with 2", "c begins", "c done with 1"];
    assert_eq!(story.lines(), expected);
    assert_eq!(record.0, ["done a", "done bb", "done c"]);
}

#[tokio::test]
async fn no_more_steps_run_at_a_time_than_allowed() {
    let mut plan = Plan::default();
    for name in ["a", "b", "c", "d", "e"] {
        add(&mut plan, name, Act::Finish, &[]);
    }
    for (parallel, most) in [(Some(2), 2), (None, 5)] {
        let toys = Toys::default();
        let control = Control { parallel: parallel.and_then(std::num::NonZeroUsize::new), ..Control::default() };
        execute(&plan, &toys, &mut NoJournal, &control, &|_| {}).await.unwrap();
        assert_eq!(toys.most.load(Ordering::SeqCst), most);
    }
}

#[tokio::test]
async fn after_a_failure_nothing_new_begins_and_waits_end() {
    let mut plan = Plan::default();
    let fails = add(&mut plan, "fails", Act::Fail, &[]);
    let waits = add(&mut plan, "waits", Act::Wait, &[]);
    let works = add(&mut plan, "works", Act::Finish, &[]);
    for before in [fails, waits, works] {
        add(&mut plan, "never", Act::Finish, &[before]);
    }
    let (story, mut record) = (Story::default(), Record::default());
    let result = execute(&plan, &Toys::default(), &mut record, &Control::default(), &|event| story.tell(&event)).await;
    let Err(Stopped::Failed(failures)) = result else { panic!("expected a failure, got {result:?}") };
    let messages: Vec<_> = failures.iter().map(|failure| (&*failure.step, &*failure.message)).collect();
    assert_eq!(messages, [("Fail fails", "fails broke\nin two lines")]);
    let mut lines = story.lines();
    lines.sort();
    let expected = ["fails begins", "fails failed: fails broke", "waits begins", "works begins", "works done with 5"];
    assert_eq!(lines, expected);
    record.0.sort();
    assert_eq!(record.0, ["done works", "not done fails", "not done waits"]);
}

#[tokio::test]
async fn after_a_failure_what_was_begun_is_completed() {
    let mut plan = Plan::default();
    let fails = add(&mut plan, "fails", Act::Fail, &[]);
    let stop = add(&mut plan, "stop", Act::Finish, &[]);
    let start = add(&mut plan, "start", Act::Finish, &[stop, fails]);
    let wait = add(&mut plan, "wait", Act::Wait, &[start]);
    plan.complete(stop, start);
    let other = add(&mut plan, "other", Act::Finish, &[fails]);
    let never = add(&mut plan, "never", Act::Finish, &[other]);
    plan.complete(other, never);
    let mut record = Record::default();
    let result = execute(&plan, &Toys::default(), &mut record, &Control::default(), &|_| {}).await;
    assert!(matches!(result, Err(Stopped::Failed(failures)) if failures.len() == 1));
    assert_eq!(record.0, ["not done fails", "done stop", "done start"], "not {wait}, {other} or {never}");
}

#[tokio::test]
async fn a_stopped_run_waits_for_what_it_has_begun_and_says_that_it_was_interrupted() {
    let mut plan = Plan::default();
    let begun = add(&mut plan, "begun", Act::Gate, &[]);
    add(&mut plan, "waits", Act::Wait, &[]);
    add(&mut plan, "never", Act::Finish, &[begun]);
    let (toys, control, story) = (Toys::gated(&["begun"]), Control::default(), Story::default());
    let mut record = Record::default();
    let report = |event: EventOf<Toy>| {
        story.tell(&event);
        if event.subject == "waits" {
            control.stop.cancel();
            toys.open("begun");
        }
    };
    let result = execute(&plan, &toys, &mut record, &control, &report).await;
    assert_eq!(result, Err(Stopped::Interrupted));
    assert!(!story.lines().iter().any(|line| line.starts_with("never")), "{:?}", story.lines());
    record.0.sort();
    assert_eq!(record.0, ["done begun", "not done waits"]);
}

#[tokio::test]
async fn a_step_that_gave_up_for_no_reason_is_not_success() {
    struct Quitter;
    impl Runner<Toy> for Quitter {
        async fn run(&self, _: Task<'_, Toy>) -> Result<usize, StepError> {
            Err(StepError::GivenUp)
        }
    }
    let mut plan = Plan::default();
    add(&mut plan, "a", Act::Finish, &[]);
    let result = execute(&plan, &Quitter, &mut NoJournal, &Control::default(), &|_| {}).await;
    assert_eq!(result, Err(Stopped::Interrupted));
}

/// A caller may run a plan in a task of its own.
#[tokio::test]
async fn a_run_can_be_spawned() {
    let mut plan = Plan::default();
    add(&mut plan, "a", Act::Finish, &[]);
    let run = async move { execute(&plan, &Toys::default(), &mut NoJournal, &Control::default(), &|_| {}).await };
    assert_eq!(tokio::spawn(run).await.unwrap(), Ok(()));
}
