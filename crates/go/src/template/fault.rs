//! Errors of templates, with their places.

use std::fmt;

use super::kind::Kind;

/// The text is not a template, or calls a function that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

/// The execution of a template failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ExecError {
    /// The line of the command, from 1.
    pub line: usize,
    /// The column of the command in characters, from 1.
    pub column: usize,
    /// What went wrong.
    pub reason: Reason,
}

/// Why the execution failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A value has no field or method of this name.
    NoField {
        /// The field or method.
        name: String,
        /// The value's Go type.
        of: &'static str,
    },
    /// There is no template of this name.
    NoTemplate(String),
    /// A nil is used as a command, or a variable has no value.
    NoValue,
    /// Something that is not a function or a method has arguments.
    NotCallable,
    /// The function takes another number of arguments.
    Count(&'static str),
    /// An argument is of another type than the function takes; the type of the argument.
    Kind(Kind, &'static str),
    /// The function failed.
    Function(&'static str),
    /// The method failed.
    Method(String),
    /// `range` cannot go through a value of this type.
    Range(&'static str),
    /// The template takes too many steps, or its output is too large.
    TooMuch,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoField { name, of } => write!(f, "there is no field {name} in a value of type {of}"),
            Self::NoTemplate(name) => write!(f, "there is no template {name:?}"),
            Self::NoValue => f.write_str("this has no value"),
            Self::NotCallable => f.write_str("only functions and methods take arguments"),
            Self::Count(function) => write!(f, "wrong number of arguments for {function}"),
            Self::Kind(kind, given) => write!(f, "an argument must be {kind}, not {given}"),
            Self::Function(function) => write!(f, "{function} failed"),
            Self::Method(method) => write!(f, "the method {method} failed"),
            Self::Range(of) => write!(f, "range cannot go through a value of type {of}"),
            Self::TooMuch => f.write_str("the template takes too many steps, or its output is too large"),
        }
    }
}

/// A reason, and the command's place once it is known. Allocates nothing where stages meet it for each line.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    /// Bytes from the template's start.
    pub(super) offset: Option<usize>,
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self { reason, offset: None }
    }
}

impl Fault {
    /// Says where it happened, unless an inner command has said so.
    pub(super) fn at(self, offset: usize) -> Self {
        Self { offset: self.offset.or(Some(offset)), ..self }
    }
}

/// The line and the column (in characters) of a byte, from 1.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
