//! Streams of lines, as they are pushed.

use std::collections::BTreeMap;

/// A received line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LokiLine {
    /// The tenant (`X-Scope-OrgID`).
    pub tenant: Option<String>,
    /// The stream.
    pub labels: BTreeMap<String, String>,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The line.
    pub line: String,
    /// Structured metadata.
    pub metadata: BTreeMap<String, String>,
}

/// A stream with its entries, in order.
pub(super) struct Stream {
    /// The stream's labels as they were sent: `{a="b"}`.
    pub(super) labels: String,
    pub(super) entries: Vec<LokiLine>,
}
