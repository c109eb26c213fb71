//! Go's regular expressions (RE2 syntax) on the crate [`regex`].
//!
//! Both engines match leftmost-first in linear time; they differ in syntax. An expression is read by Go's rules
//! (`regexp/syntax`) and written again in the other dialect, with every class and flag spelled out.

mod class;
mod expand;
mod translate;

use std::sync::Arc;

pub use expand::Replacement;
pub use regex::{CaptureLocations, Captures};

/// The largest compiled program, in bytes.
const SIZE_LIMIT: usize = 64 << 20;
/// How deep groups nest; Go's limit is 1000.
const NEST_LIMIT: u32 = 1000;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Regex {
    regex: regex::Regex,
    /// By group, the whole match first. Names may come twice, and may begin with a digit.
    names: Arc<[Option<Arc<str>>]>,
    expression: Arc<str>,
}

/// An expression that Go would refuse, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` is not a regular expression: {reason}")]
pub struct RegexError {
    /// The expression, as it was written.
    pub expression: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Compiles an expression that may match anywhere in a text, as Go's `regexp.Compile`.
///
/// # Errors
///
/// What Go refuses.
pub fn compile(expression: &str) -> Result<Regex, RegexError> {
    let error = |reason: String| RegexError { expression: expression.to_owned(), reason };
    let translated = translate::translate(expression).map_err(error)?;
    let regex = regex::RegexBuilder::new(&translated.pattern)
        .size_limit(SIZE_LIMIT)
        .nest_limit(NEST_LIMIT + 100)
        .build()
        .map_err(|fault| error(one_line(&fault)))?;
    Ok(Regex { regex, names: translated.names.into(), expression: expression.into() })
}

/// Compiles an expression that must match a whole text, where `.` matches no line break: `^(?:EXPRESSION)$`.
///
/// # Errors
///
/// What Go refuses.
pub fn compile_anchored(expression: &str) -> Result<Regex, RegexError> {
    compile(&format!("^(?:{expression})$")).map_err(|error| RegexError { expression: expression.to_owned(), ..error })
}

fn one_line(fault: &regex::Error) -> String {
    match fault {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        fault => fault.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    }
}

impl Regex {
    /// Whether the expression matches somewhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The groups' names; the whole match comes first and has none.
    pub fn names(&self) -> &[Option<Arc<str>>] {
        &self.names
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.expression
    }

    /// The engine beneath; its groups have no names.
    pub fn engine(&self) -> &regex::Regex {
        &self.regex
    }

    /// The text with each match replaced.
    pub fn replace_all(&self, text: &str, replacement: &Replacement) -> String {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for captures in self.regex.captures_iter(text) {
            let whole = captures.get_match();
            out.push_str(&text[end..whole.start()]);
            replacement.expand(&self.names, &captures, &mut out);
            end = whole.end();
        }
        out.push_str(&text[end..]);
        out
    }
}

#[cfg(test)]
mod tests;
