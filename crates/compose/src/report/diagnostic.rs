//! What is wrong, where, and what to do about it.

use std::fmt;

use crate::report::place::Place;
use crate::unknown_service::UnknownService;

/// One error or warning, as data; drawing it is the caller's part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostic {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where it is used; `None` for what has no place in a file (a missing file, the project's name).
    pub place: Option<Place>,
    /// Length of the marked text in characters, from [`Diagnostic::place`] on the same line; at least 1.
    pub span_len: usize,
    /// The text of the place's line, without its line break.
    pub source_line: Option<String>,
    /// Other places that take part: what is there, where, and the text of that line.
    pub related: Vec<(String, Place, Option<String>)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span_len: 1, ..Self::default() }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    /// Plain text: `file:line:column: message`, the line with a caret, the other places, the help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let (Some(place), Some(line)) = (&self.place, &self.source_line) {
            excerpt(f, place, line, self.span_len)?;
        }
        for (label, place, line) in &self.related {
            write!(f, "\n{place}: {label}")?;
            if let Some(line) = line {
                excerpt(f, place, line, 1)?;
            }
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// Longest part of a line that is shown, in characters.
const WIDTH: usize = 160;

fn excerpt(f: &mut fmt::Formatter<'_>, place: &Place, line: &str, span: usize) -> fmt::Result {
    let column = place.column.saturating_sub(1);
    let skipped = if column < WIDTH { 0 } else { column - WIDTH / 2 };
    let shown: String = line.chars().skip(skipped).take(WIDTH).map(|c| if c == '\t' { ' ' } else { c }).collect();
    let column = column - skipped;
    let span = span.clamp(1, shown.chars().count().saturating_sub(column).max(1));
    write!(f, "\n{:5} | {shown}\n      | {}{}", place.line, " ".repeat(column), "^".repeat(span))
}

/// Why a project could not be loaded: everything that is wrong, not only the first.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
pub struct LoadError {
    /// The errors, in the order of the files; never empty.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings found on the way.
    pub warnings: Vec<Diagnostic>,
    /// Set if nothing is wrong with the files, but a service that the caller named is not in them.
    pub unknown_service: Option<UnknownService>,
}

impl LoadError {
    /// Whether the error is that no Compose file was found: a caller may then go by the project's name alone.
    pub fn no_file(&self) -> bool {
        matches!(self.diagnostics.as_slice(), [only] if only.place.is_none() && only.message.starts_with(NO_FILE))
    }
}

/// How the message begins when no Compose file is found.
pub(crate) const NO_FILE: &str = "no Compose file in ";

impl From<Diagnostic> for LoadError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], warnings: Vec::new(), unknown_service: None }
    }
}
