//! Go's regular expressions (RE2 syntax) on the crate `regex`.

use regex::Regex;

/// An expression that Go would refuse, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` is not a regular expression: {reason}")]
pub struct RegexError {
    /// The expression, as it was written.
    pub expression: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Compiles an expression that may match anywhere in a text, as Go's `regexp.MustCompile`.
///
/// # Errors
///
/// What Go refuses.
pub fn compile(expression: &str) -> Result<Regex, RegexError> {
    Regex::new(expression)
        .map_err(|error| RegexError { expression: expression.to_owned(), reason: error.to_string() })
}

/// Compiles an expression that must match a whole text: `^(?s:EXPRESSION)$`, as Prometheus does.
///
/// # Errors
///
/// What Go refuses.
pub fn compile_anchored(expression: &str) -> Result<Regex, RegexError> {
    compile(&format!("^(?s:{expression})$"))
}
