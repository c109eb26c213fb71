//! What is wrong with a text.

use std::fmt;

use crate::node::Span;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ErrorKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not YAML; in the parser's words.
    Syntax(String),
    /// The nesting is deeper than [`ReadLimits::depth`](crate::ReadLimits::depth), which this is.
    TooDeep(usize),
    /// There are more values than [`ReadLimits::nodes`](crate::ReadLimits::nodes), which this is.
    TooManyNodes(usize),
    /// Aliases add more values than [`ReadLimits::copied`](crate::ReadLimits::copied), which this is.
    TooManyCopies(usize),
    /// An alias without an anchor before it.
    UnknownAnchor(String),
    /// An alias inside the value that it refers to.
    AliasOfItself,
    /// A key that the mapping has already.
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it is written first.
        first: Span,
    },
    /// A key that is a number, a boolean or null, where the dialect wants text.
    KeyNotText(String),
    /// A key that is a list or a mapping.
    KeyNotScalar,
    /// `<<` with something else than a mapping or a list of mappings.
    MergeOfOther,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Syntax(message) => write!(f, "this is not YAML: {message}"),
            ErrorKind::TooDeep(most) => write!(f, "the file is nested deeper than {most} levels"),
            ErrorKind::TooManyNodes(most) => write!(f, "the file holds more than {most} values"),
            ErrorKind::TooManyCopies(most) => write!(f, "aliases make the file larger by more than {most} values"),
            ErrorKind::UnknownAnchor(name) => write!(f, "there is no anchor `&{name}` before this alias"),
            ErrorKind::AliasOfItself => f.write_str("this alias is inside the value that it refers to"),
            ErrorKind::DuplicateKey { key, .. } => write!(f, "duplicate key `{key}`"),
            ErrorKind::KeyNotText(text) => write!(f, "the key `{text}` is not text"),
            ErrorKind::KeyNotScalar => f.write_str("a key must be text"),
            ErrorKind::MergeOfOther => f.write_str("`<<` takes a mapping, or a list of mappings"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {}
