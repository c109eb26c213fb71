//! YAML as Promtail's decoder (yaml.v2) understands it: YAML 1.1, so that `yes` is true and `010` is eight.

use std::fmt;

use wharf_yaml::{Booleans, Dialect, ErrorKind, Keys, LargeIntegers, ReadLimits, Span};

pub use wharf_yaml::{Kind, Map, Node, Scalar, Value};

/// The dialect of yaml.v2. Keys are text: `80:` is `"80":`.
const DIALECT: Dialect = Dialect {
    booleans: Booleans::Words,
    large_integers: LargeIntegers::UInt,
    keys: Keys::AnyScalar,
    several_merge_keys: true,
    tags: &[],
};

/// Where something is written. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Reads the first document; null for an empty text.
///
/// # Errors
///
/// What is not YAML, and each key that a mapping has twice.
pub fn read(text: &str) -> Result<Node, Vec<ConfigError>> {
    let found = wharf_yaml::read(text, 0, &DIALECT, &ReadLimits::default());
    if !found.errors.is_empty() {
        let error = |error: wharf_yaml::Error| match &error.kind {
            ErrorKind::DuplicateKey { first, .. } => {
                error.span.error(format!("{error}, first at {}", Place::from(*first)))
            }
            _ => error.span.error(error.to_string()),
        };
        return Err(found.errors.into_iter().map(error).collect());
    }
    let nothing = Node::new(Span { source: 0, line: 1, column: 1, len: 0 }, Value::Null);
    Ok(found.documents.into_iter().next().unwrap_or(nothing))
}

/// What has a place, which an error may be about.
pub(crate) trait ErrorAt {
    /// An error at this place.
    fn error(&self, message: impl Into<String>) -> ConfigError;
}

impl ErrorAt for Place {
    fn error(&self, message: impl Into<String>) -> ConfigError {
        ConfigError { place: *self, message: message.into() }
    }
}

impl ErrorAt for Span {
    fn error(&self, message: impl Into<String>) -> ConfigError {
        Place::from(*self).error(message)
    }
}

impl ErrorAt for Node {
    fn error(&self, message: impl Into<String>) -> ConfigError {
        self.span.error(message)
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self { line: span.line, column: span.column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
