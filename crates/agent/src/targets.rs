//! All targets, for the pages.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::target::Target;

/// The targets that are known now, by key.
#[derive(Debug, Default)]
pub struct Targets(RwLock<BTreeMap<Arc<str>, Arc<Target>>>);

impl Targets {
    /// A target.
    pub fn get(&self, key: &str) -> Option<Arc<Target>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All targets, by key.
    pub fn all(&self) -> Vec<Arc<Target>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Adds or replaces one.
    pub fn insert(&self, target: Arc<Target>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(target.key.clone(), target);
    }

    /// Removes one.
    pub fn remove(&self, key: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
