//! What is wrong with a project or a step, as data. Whoever shows it chooses the words around it.

use wharf_compose::Place;

/// Something in the project that cannot be done, found before anything was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where it was written.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Something suspicious that does not prevent the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// What is suspicious.
    pub message: String,
    /// Where it was written.
    pub place: Option<Place>,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFailure {
    /// What was being done: `start container shop-web-1`.
    pub step: String,
    /// What happened.
    pub message: String,
    /// Where what it is about was written.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
    /// Texts that explain it: a probe's output, the last log lines.
    pub details: Vec<Detail>,
}

/// A text that explains a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What the text is.
    pub title: String,
    /// The text, one or more lines.
    pub text: String,
}
