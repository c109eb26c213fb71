//! Promtail's pipeline stages: pure, values in, values out.

mod entry;
mod fields;
mod interner;
mod jmespath;
mod metrics;
mod now;
mod parts;
mod recent;
mod selector;
mod stage;
mod stages;
mod template;
mod tenant_label;

use std::time::Instant;

pub use entry::{Entry, Extracted, ExtractedValue, Origin};
pub use now::Now;
pub use tenant_label::TENANT_LABEL;

use self::parts::Parts;
use self::stage::Chain;
use crate::yaml::{ConfigError, Node};

/// A list of stages and what they remember. One for each scrape job, as in Promtail: the targets of a job share `limit`'s
/// rate, and `multiline` keeps streams apart by their labels.
#[derive(Debug, Default)]
pub struct Pipeline {
    chain: Chain,
    parts: Parts,
}

impl Pipeline {
    /// Reads a `pipeline_stages` list; null is an empty one.
    ///
    /// # Errors
    ///
    /// All that Promtail 3.4 refuses, each with its place.
    pub fn from_config(stages: &Node) -> Result<Self, Vec<ConfigError>> {
        let mut parts = Parts::default();
        let chain = stages::chain(stages, &mut parts)?;
        Ok(Self { chain, parts })
    }

    /// Whether there are no stages.
    pub fn is_empty(&self) -> bool {
        self.chain.0.is_empty()
    }

    /// Runs an entry through the stages. `out` is called for each entry that comes out: none, this one, or some that a
    /// stage held back.
    pub fn process(&mut self, entry: Entry<'_>, now: Now, out: &mut dyn FnMut(Entry<'_>)) {
        self.chain.process(entry, now, out);
    }

    /// When [`flush`](Self::flush) has something to do: `multiline`'s `max_wait_time`. `None`: nothing is held.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.chain.next_deadline()
    }

    /// Gives out what was held until now for long enough. To be called at [`next_deadline`](Self::next_deadline).
    pub fn flush(&mut self, now: Now, out: &mut dyn FnMut(Entry<'_>)) {
        self.chain.flush(false, now, out);
    }

    /// Gives out what `multiline` holds: the input has ended. Parts of lines that `cri` holds are not given out.
    pub fn finish(&mut self, now: Now, out: &mut dyn FnMut(Entry<'_>)) {
        self.chain.flush(true, now, out);
    }

    /// The lowest [`Origin::first`] among the entries of `target` that are still held; positions must not go beyond it.
    pub fn held(&self, target: u64) -> Option<u64> {
        self.chain.held(target)
    }

    /// When the next entry may be given: `limit` without `drop` slows its input down. `None`: at once.
    pub fn ready_at(&self) -> Option<Instant> {
        self.chain.ready_at()
    }

    /// How many lines the stages dropped until now, by reason.
    pub fn dropped(&self) -> Vec<(String, u64)> {
        self.parts.drops.counts()
    }

    /// The metrics that `metrics` stages define, for a [`prometheus::Registry`]; those of several pipelines under one name
    /// come out as one family.
    pub fn metrics(&self) -> Vec<Box<dyn prometheus::core::Collector>> {
        self.parts.metrics.iter().map(|set| Box::new(set.clone()) as Box<dyn prometheus::core::Collector>).collect()
    }

    /// Registers the `metrics` stages' metrics.
    ///
    /// # Errors
    ///
    /// The registry has a different metric of this name.
    pub fn register(&self, registry: &prometheus::Registry) -> Result<(), prometheus::Error> {
        self.metrics().into_iter().try_for_each(|metric| registry.register(metric))
    }
}

#[cfg(test)]
mod tests;
