//! Promtail's pipeline stages: pure, values in, values out.

mod entry;

use std::time::Instant;

pub use entry::{Entry, Extracted, Origin, Value};

use crate::yaml::{ConfigError, Node};

/// The label that the `tenant` stage sets, as Promtail does: to be taken off, and sent as `X-Scope-OrgID`.
pub const TENANT_LABEL: &str = "__tenant_id__";

/// When something happens, by both clocks. Taken once for many entries.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The wall clock, in nanoseconds since 1970.
    pub unix: i64,
    /// The clock that never goes back, for timers and rates.
    pub monotonic: Instant,
}

/// A list of stages and what they remember. One for each scrape job, as in Promtail: the targets of a job share `limit`'s
/// rate, and `multiline` keeps streams apart by their labels.
#[derive(Debug, Default)]
pub struct Pipeline {}

impl Pipeline {
    /// Reads a `pipeline_stages` list; null is no stages.
    ///
    /// # Errors
    ///
    /// All that Promtail 3.4 refuses, each with its place.
    pub fn from_config(_stages: &Node) -> Result<Self, Vec<ConfigError>> {
        Ok(Self::default())
    }

    /// Runs an entry through the stages. `out` is called for each entry that comes out: none, this one, or some that a
    /// stage held back.
    pub fn process<'a>(&mut self, entry: Entry<'a>, _now: Now, out: &mut dyn FnMut(Entry<'_>)) {
        out(entry);
    }

    /// When [`flush`](Self::flush) has something to do: `multiline`'s `max_wait_time`. `None`: nothing is held.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Gives out what was held until now for long enough. To be called at [`next_deadline`](Self::next_deadline).
    pub fn flush(&mut self, _now: Now, _out: &mut dyn FnMut(Entry<'_>)) {}

    /// Gives out all that is held: the input has ended.
    pub fn finish(&mut self, _now: Now, _out: &mut dyn FnMut(Entry<'_>)) {}

    /// The lowest [`Origin::first`] among the entries of `target` that are still held; positions must not go beyond it.
    pub fn held(&self, _target: u64) -> Option<u64> {
        None
    }

    /// When the next entry may be given: `limit` without `drop` slows its input down. `None`: at once.
    pub fn ready_at(&self) -> Option<Instant> {
        None
    }

    /// Registers the `metrics` stages' metrics, and `dropped_lines_total` by reason.
    ///
    /// # Errors
    ///
    /// A metric of this name is registered already.
    pub fn register(&self, _registry: &prometheus::Registry) -> Result<(), prometheus::Error> {
        Ok(())
    }
}
