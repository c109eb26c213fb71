//! What goes through a pipeline.

use std::borrow::Cow;

use wharf_loki::Labels;

/// A log line on its way.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Nanoseconds since 1970.
    pub timestamp: i64,
    /// The line, without its line break.
    pub line: Cow<'a, str>,
    /// What names the stream. Stages intern: entries of one stream mostly carry clones of one set, so that
    /// [`Labels::address`] or its hash finds the stream's batch.
    pub labels: Labels,
    /// Loki's structured metadata.
    pub structured_metadata: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Values that stages take and give.
    pub extracted: Extracted<'a>,
    /// Where the entry was read.
    pub origin: Origin,
}

/// The input that an entry stands for; the pipeline only copies it, and joins it where it joins lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// The caller's number for the target.
    pub target: u64,
    /// The caller's number for the first line: it must grow with each line of a target.
    pub first: u64,
    /// The caller's number for the last line.
    pub last: u64,
}

/// The map that stages share for one entry.
#[derive(Debug, Clone, Default)]
pub struct Extracted<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A value in [`Extracted`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// JSON's null, or a field that was not there.
    Null,
    /// true or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
}

impl<'a> Entry<'a> {
    /// An entry as it enters a pipeline.
    pub fn new(timestamp: i64, line: impl Into<Cow<'a, str>>, labels: Labels, origin: Origin) -> Self {
        Self {
            timestamp,
            line: line.into(),
            labels,
            structured_metadata: Vec::new(),
            extracted: Extracted::default(),
            origin,
        }
    }
}
