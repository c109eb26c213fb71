//! Plans: graphs of steps, each with the cause that asks for it. Planners are pure functions of the project, of what was
//! observed, and of what the caller asks for.

mod check;
mod down;
mod hooks;
mod images;
mod order;
mod resources;
mod step;
mod unsupported;
mod up;
mod verbs;

use serde::Serialize;
use wharf_compose::Place;

pub use down::{DownOptions, RemoveImages, down};
pub use images::{ImageOptions, images, init_images};
pub use order::with_dependencies;
pub use step::{Cause, Moment, Step, Until};
pub use up::{Recreate, UpOptions, after_start, around, up};
pub use verbs::{RemoveOptions, RestartOptions, kill, pause, remove, restart, stop, unpause};

/// Steps and what they wait for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The steps; a step's number is its index. A step waits only for steps with smaller numbers.
    pub steps: Vec<Node>,
    /// What the person should know before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A step in its plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// What is done.
    #[serde(flatten)]
    pub step: Step,
    /// Why.
    pub cause: Cause,
    /// Numbers of the steps that have to be done before.
    pub after: Vec<usize>,
}

/// Something odd that stops nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Warning {
    /// What is odd.
    pub message: String,
    /// Where it was written.
    #[serde(skip)]
    pub place: Option<Place>,
}

impl Plan {
    /// A plan of steps that the caller asks for, none after another.
    pub fn of_all(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut plan = Plan::default();
        for step in steps {
            plan.add(step, Cause::Asked, Vec::new());
        }
        plan
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(crate) fn add(&mut self, step: Step, cause: Cause, mut after: Vec<usize>) -> usize {
        after.sort_unstable();
        after.dedup();
        self.steps.push(Node { step, cause, after });
        self.steps.len() - 1
    }

    pub(crate) fn warn(&mut self, message: String, place: Option<&Place>) {
        self.warnings.push(Warning { message, place: place.cloned() });
    }
}

impl std::fmt::Display for Plan {
    /// One line a step: number, what is done, why, and after which steps.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("nothing to do\n");
        }
        let rows: Vec<[String; 2]> =
            self.steps.iter().map(|node| [node.step.to_string(), node.cause.to_string()]).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (steps, causes) = (width(0), width(1));
        for (number, (node, [step, cause])) in self.steps.iter().zip(&rows).enumerate() {
            let after: Vec<String> = node.after.iter().map(|number| (number + 1).to_string()).collect();
            let line = match after.is_empty() {
                true => format!("{:>3}. {step:steps$}  {cause}", number + 1),
                false => format!("{:>3}. {step:steps$}  {cause:causes$}  after {}", number + 1, after.join(", ")),
            };
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
