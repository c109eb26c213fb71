//! LogQL's stream selectors: `{app="x", env=~"y.*"}`.

use crate::go_regex::{self, Regex, RegexError};

use crate::labels::Labels;

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// One condition on one label; a label that is not there has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How to compare.
    pub op: MatchOp,
    /// What to compare with.
    pub value: String,
    regex: Option<Regex>,
}

/// Matchers that must all hold.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// In the order they were written.
    pub matchers: Vec<Matcher>,
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct SelectorError {
    /// Where in the text, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl Matcher {
    /// A condition. An expression must match the whole value; `.` matches no line break.
    ///
    /// # Errors
    ///
    /// The expression cannot be read.
    pub fn new(name: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, RegexError> {
        let (name, value) = (name.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(go_regex::compile_anchored(&value)?),
        };
        Ok(Self { name, op, value, regex })
    }

    /// Whether the condition holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name).unwrap_or_default();
        match (self.op, &self.regex) {
            (MatchOp::Equal, _) => value == self.value,
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, regex) => regex.as_ref().is_some_and(|regex| regex.is_match(value)),
            (MatchOp::NotRegex, regex) => !regex.as_ref().is_some_and(|regex| regex.is_match(value)),
        }
    }
}

impl Selector {
    /// Whether all conditions hold.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}
