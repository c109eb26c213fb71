//! How large a text may become.

/// Bounds of what is read. A text beyond them is refused at once, with the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Deepest nesting, aliases written out.
    pub depth: usize,
    /// Most values that the text may hold; keys do not count.
    pub nodes: usize,
    /// Most values that aliases may add.
    pub copied: usize,
}

impl Default for ReadLimits {
    /// 100 levels, 200,000 values, and 100,000 more by aliases.
    fn default() -> Self {
        Self { depth: 100, nodes: 200_000, copied: 100_000 }
    }
}
