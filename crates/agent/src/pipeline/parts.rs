//! What a pipeline shows of its stages.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::metrics::MetricSet;

#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) drops: Drops,
    pub(super) metrics: Vec<MetricSet>,
}

/// Counters of dropped lines, by reason.
#[derive(Debug, Clone, Default)]
pub(super) struct Drops(Arc<Mutex<Vec<(String, DropCounter)>>>);

#[derive(Debug, Clone, Default)]
pub(super) struct DropCounter(Arc<AtomicU64>);

impl Drops {
    pub(super) fn counter(&self, reason: &str) -> DropCounter {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = counters.iter().find(|(other, _)| other == reason) {
            return counter.clone();
        }
        let counter = DropCounter::default();
        counters.push((reason.to_owned(), counter.clone()));
        counter
    }

    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.iter().map(|(reason, counter)| (reason.clone(), counter.0.load(Ordering::Relaxed))).collect()
    }
}

impl DropCounter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
