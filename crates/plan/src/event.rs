//! What happens while a plan is carried out.

/// News of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<Subject, Act, Outcome> {
    /// The step's number in the plan, from 0.
    pub step: usize,
    /// What the step is about.
    pub subject: Subject,
    /// What the step does to it.
    pub act: Act,
    /// How far the step is.
    pub progress: Progress<Outcome>,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<Outcome> {
    /// The step has begun.
    Working,
    /// The work has written a line: a build's output, a layer of a pull.
    Output {
        /// The line, without its end.
        text: String,
    },
    /// A hook has written a line.
    Hook {
        /// The service that has the hook.
        service: String,
        /// The line, without its end.
        text: String,
    },
    /// The step is done.
    Done(Outcome),
    /// The step has failed.
    Failed {
        /// What happened, in one line.
        message: String,
    },
}
