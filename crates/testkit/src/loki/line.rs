//! What is pushed: streams of lines.

use std::collections::BTreeMap;

/// A line as it came.
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
    /// As it was sent: `{a="b"}`.
    pub(super) labels: String,
    pub(super) entries: Vec<LokiLine>,
}
