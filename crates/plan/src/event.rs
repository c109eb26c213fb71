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
    /// The work has written a line: a build's output.
    Output {
        /// The line, without its end.
        text: String,
    },
    /// A part of the work has come further: a layer of a pull, a step of a build.
    Part(Part),
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

/// How far a part of a step's work is. The last news with the same `id` count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Tells the parts of a step apart: a layer's identifier.
    pub id: String,
    /// What people call it: `f7ed62975156`, `[2/9] RUN make`.
    pub name: String,
    /// What happens to it, in the words of who does it: `Downloading`.
    pub status: String,
    /// How far it is.
    pub state: PartState,
    /// How much of it is done, if that is known.
    pub amount: Option<Amount>,
}

/// How far a part of a step's work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// It has not begun.
    Waiting,
    /// It is being done.
    Working,
    /// It is done.
    Done,
    /// It has failed.
    Failed,
}

/// How much of a part is done, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// What is done.
    pub done: u64,
    /// All of it; 0: not known.
    pub total: u64,
}
