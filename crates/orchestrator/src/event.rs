//! What happens while a plan is carried out.

use serde::Serialize;

/// News of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The step's number in the plan.
    pub step: usize,
    /// What the step is about: `Container shop-web-1`, `Image redis:7`, `Network shop_default`.
    pub subject: String,
    /// What happens to it.
    #[serde(flatten)]
    pub progress: Progress,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Progress {
    /// It has begun.
    Working {
        /// In one word: `Starting`.
        text: String,
    },
    /// It goes on: a line of a build's output, the layers of a pull.
    Output {
        /// One line.
        text: String,
    },
    /// A hook has written something.
    Hook {
        /// The service that has the hook.
        service: String,
        /// One line.
        text: String,
    },
    /// It is done.
    Done {
        /// In one word: `Started`.
        text: String,
    },
    /// It failed.
    Failed {
        /// What happened, in one line.
        text: String,
    },
}
