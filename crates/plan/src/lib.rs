//! Plans as graphs of steps, and the executor that carries them out. What a step does is the caller's business: this crate
//! knows nothing of containers.
//!
//! 1. A planner adds steps to a [`Plan`]. Each step has a cause and the earlier steps that it waits for, so a plan has no
//!    cycles. A plan prints as text, one line per step.
//! 2. [`execute`] runs every step as soon as those before it are done, many at a time. The caller's [`Runner`] does the work
//!    of one step, its [`Journal`] records what was done, and [`Event`]s report the progress.
//! 3. After a failure no new step begins, and steps that wait give up. Only what was begun is completed, where the plan
//!    says which step [completes](Plan::complete) which. The [`StepFailure`]s say what went wrong.
//!
//! ```
//! use wharf_plan::{Control, NoJournal, Plan, Progress, Runner, Step, StepError, Task, execute};
//!
//! struct Dig(&'static str);
//!
//! impl std::fmt::Display for Dig {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         write!(f, "dig {}", self.0)
//!     }
//! }
//!
//! impl Step for Dig {
//!     type Subject = &'static str;
//!     type Act = ();
//!     type Outcome = u32;
//!     fn subject(&self) -> &'static str {
//!         self.0
//!     }
//!     fn act(&self) {}
//! }
//!
//! struct Digger;
//!
//! impl Runner<Dig> for Digger {
//!     async fn run(&self, task: Task<'_, Dig>) -> Result<u32, StepError> {
//!         task.output("a stone");
//!         Ok(3)
//!     }
//! }
//!
//! let mut plan = Plan::default();
//! let first = plan.add(Dig("pit"), "asked for", []);
//! plan.add(Dig("trench"), "leads to the pit", [first]);
//! assert_eq!(plan.to_string(), "  1. dig pit     asked for\n  2. dig trench  leads to the pit  after 1\n");
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let report = |event: wharf_plan::EventOf<Dig>| {
//!     if let Progress::Done(metres) = event.progress {
//!         println!("{}: {metres} metres", event.subject);
//!     }
//! };
//! execute(&plan, &Digger, &mut NoJournal, &Control::default(), &report).await.unwrap();
//! # });
//! ```

mod event;
mod execute;
mod graph;
mod problem;
mod schedule;

pub use event::{Amount, Event, Part, PartState, Progress};
pub use execute::{Control, EventOf, Journal, NoJournal, Runner, Step, StepError, Stopped, Task, execute};
pub use graph::{Node, Plan};
pub use problem::{Detail, Problem, StepFailure, Warning};
pub use schedule::Schedule;
