//! What the stages find wrong, and the sources they found it in.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::report::diagnostic::{Diagnostic, LoadError};
use crate::report::place::Place;
use crate::unknown_service::UnknownService;
use wharf_yaml::{Node, Span};

/// Most errors that are kept.
const MAX_ERRORS: usize = 100;
/// Other places kept with one finding.
const MAX_RELATED: usize = 20;

struct Source {
    file: PathBuf,
    text: String,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
}

/// Collects errors and warnings; knows the text that spans point into.
#[derive(Default)]
pub(crate) struct Report {
    sources: Vec<Source>,
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    /// Elements (`services.web`) with errors, about which no more is said.
    tainted: HashSet<String>,
    /// Entries that short forms have been written out to.
    pub(crate) expanded: usize,
    /// Values that the files hold.
    pub(crate) nodes: usize,
    /// Values that services have taken from those that they extend.
    pub(crate) inherited: usize,
    /// Bytes that have been read.
    pub(crate) bytes: usize,
    /// Services that the caller named and the files do not have.
    pub(crate) unknown_service: Option<UnknownService>,
    /// What [`Report::help`] and [`Report::also`] complete.
    last: Last,
}

#[derive(Default, Clone, Copy)]
enum Last {
    #[default]
    None,
    Error,
    Warning,
}

/// The place of a finding: the text, and the alias that uses it.
#[derive(Clone, Copy)]
pub(crate) struct At(Option<Span>, Option<Span>);

impl At {
    /// What has no place in a file.
    pub(crate) const NOWHERE: At = At(None, None);

    /// The key of a node.
    pub(crate) fn key(node: &Node) -> Self {
        At(Some(node.key), node.used)
    }
}

impl From<&Node> for At {
    fn from(node: &Node) -> Self {
        At(Some(node.span), node.used)
    }
}

impl From<Span> for At {
    fn from(span: Span) -> Self {
        At(Some(span), None)
    }
}

impl Report {
    /// Takes a source in; spans refer to it by the returned number.
    pub(crate) fn add_source(&mut self, file: PathBuf, text: String) -> u32 {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        self.sources.push(Source { file, text, lines });
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn text(&self, source: u32) -> &str {
        self.sources.get(source as usize).map_or("", |source| source.text.as_str())
    }

    /// The place that a span points to.
    pub(crate) fn place(&self, span: Span) -> Option<Place> {
        let source = self.sources.get(span.source as usize)?;
        Some(Place { file: source.file.clone(), line: span.line as usize, column: span.column as usize })
    }

    fn line(&self, span: Span) -> Option<&str> {
        let source = self.sources.get(span.source as usize)?;
        let start = *source.lines.get((span.line as usize).checked_sub(1)?)?;
        let end = source.lines.get(span.line as usize).map_or(source.text.len(), |next| next - 1);
        let line = source.text.get(start..end)?;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// The text of a span's line, as far as people read.
    fn excerpt(&self, span: Span) -> Option<String> {
        const MAX_CHARS: usize = 2_000;
        self.line(span).map(|line| line.chars().take(MAX_CHARS).collect())
    }

    /// The part of a span's line that reads `part`, if there is one, else the span.
    pub(crate) fn narrow(&self, span: Span, part: &str) -> Span {
        // Longer lines are not shown in full, and searching them for each finding is slow.
        const MAX_BYTES: usize = 10_000;
        let Some(line) = self.line(span).filter(|line| line.len() <= MAX_BYTES) else { return span };
        let start = line.char_indices().nth(span.column.saturating_sub(1) as usize).map_or(0, |(index, _)| index);
        match line[start..].find(part).filter(|_| !part.is_empty()) {
            Some(offset) => {
                Span { column: span.column + count(&line[start..start + offset]), len: count(part), ..span }
            }
            None => span,
        }
    }

    fn diagnostic(&self, at: At, message: String) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(message);
        if let At(Some(span), used) = at {
            diagnostic.place = self.place(span);
            diagnostic.source_line = self.excerpt(span);
            diagnostic.span_len = span.len.max(1) as usize;
            if let Some(used) =
                used.and_then(|used| Some(("used here".to_owned(), self.place(used)?, self.excerpt(used))))
            {
                diagnostic.related.push(used);
            }
        }
        diagnostic
    }

    pub(crate) fn error(&mut self, at: impl Into<At>, message: impl Into<String>) -> &mut Self {
        self.last = Last::None;
        if self.is_full() {
            return self;
        }
        let diagnostic = self.diagnostic(at.into(), message.into());
        if !self.errors.contains(&diagnostic) {
            self.errors.push(diagnostic);
            self.last = Last::Error;
        }
        self
    }

    pub(crate) fn warning(&mut self, at: impl Into<At>, message: impl Into<String>) -> &mut Self {
        self.last = Last::None;
        if self.warnings.len() >= MAX_ERRORS {
            return self;
        }
        let diagnostic = self.diagnostic(at.into(), message.into());
        if !self.warnings.contains(&diagnostic) {
            self.warnings.push(diagnostic);
            self.last = Last::Warning;
        }
        self
    }

    fn last(&mut self) -> Option<&mut Diagnostic> {
        match self.last {
            Last::None => None,
            Last::Error => self.errors.last_mut(),
            Last::Warning => self.warnings.last_mut(),
        }
    }

    /// Takes the text of the line out of the latest finding: it must not be shown.
    pub(crate) fn without_excerpt(&mut self) -> &mut Self {
        if let Some(diagnostic) = self.last() {
            diagnostic.source_line = None;
            diagnostic.related.iter_mut().for_each(|(_, _, line)| *line = None);
        }
        self
    }

    /// Adds advice to the latest finding.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        if let Some(diagnostic) = self.last() {
            diagnostic.help = Some(help.into());
        }
        self
    }

    /// Adds another place to the latest finding.
    pub(crate) fn also(&mut self, label: impl Into<String>, span: Span) -> &mut Self {
        if matches!(self.last, Last::None) {
            return self;
        }
        if let (Some(place), line) = (self.place(span), self.excerpt(span))
            && let Some(diagnostic) = self.last().filter(|diagnostic| diagnostic.related.len() < MAX_RELATED)
        {
            diagnostic.related.push((label.into(), place, line));
        }
        self
    }

    /// The errors and the warnings, in the order of the files and their lines.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        let order = |diagnostic: &Diagnostic| {
            let place = diagnostic.place.as_ref()?;
            let source = self.sources.iter().position(|source| source.file == place.file)?;
            Some((source, place.line, place.column))
        };
        self.errors.sort_by_cached_key(order);
        self.warnings.sort_by_cached_key(order);
        (self.errors, self.warnings)
    }

    /// The value if nothing is wrong.
    pub(crate) fn into_result<T>(self, value: T) -> Result<T, LoadError> {
        match self.finish() {
            (errors, _) if errors.is_empty() => Ok(value),
            (diagnostics, warnings) => Err(LoadError { diagnostics, warnings, unknown_service: None }),
        }
    }

    /// Whether there are as many errors as are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    /// Marks the element that `path` lies in as wrong.
    pub(crate) fn taint(&mut self, path: &str) {
        self.tainted.insert(element(path).to_owned());
    }

    /// Whether the element that `path` lies in is known to be wrong.
    pub(crate) fn is_tainted(&self, path: &str) -> bool {
        self.tainted.contains(element(path))
    }
}

/// `services.web` of `services.web.ports[0]`. Names may hold dots, so this takes the longest reading that has no
/// bracket; it only decides what is left out of a report that has errors anyway.
fn element(path: &str) -> &str {
    let mut dots = path.match_indices('.').skip(1);
    dots.next().map_or(path, |(end, _)| &path[..end])
}

fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}
