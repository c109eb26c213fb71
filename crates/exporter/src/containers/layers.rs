//! Sizes of writable layers. The engine measures them by walking through the files.
//!
//! A scrape never waits for that. The engine is asked after a scrape, for one container after the other, and only once
//! the sizes are too old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use wharf_docker::Engine;
use wharf_docker::container::layer_size;

/// Sizes in bytes, by the containers' ids.
type Sizes = Arc<Mutex<HashMap<String, u64>>>;

/// The sizes that are known.
#[derive(Debug)]
pub(super) struct Layers {
    every: Option<Duration>,
    sizes: Sizes,
    asked: Option<(Instant, JoinHandle<()>)>,
}

impl Layers {
    /// Sizes that are at most this old. Without a maximum age, there are none.
    pub(super) fn new(every: Option<Duration>) -> Self {
        Layers { every, sizes: Sizes::default(), asked: None }
    }

    pub(super) fn of(&self, id: &str) -> Option<u64> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    /// Asks the engine to measure the layers of `ids`, unless it was asked recently or is still measuring.
    pub(super) fn refresh(&mut self, engine: &Engine, ids: Vec<String>) {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| ids.contains(id));
        let Some(every) = self.every else { return };
        if self.asked.as_ref().is_some_and(|(_, task)| !task.is_finished()) {
            return;
        }
        let old = self.asked.as_ref().is_none_or(|(at, _)| at.elapsed() >= every);
        let wanted: Vec<String> = ids.into_iter().filter(|id| old || self.of(id).is_none()).collect();
        if wanted.is_empty() {
            return;
        }
        let at = self.asked.as_ref().filter(|_| !old).map_or_else(Instant::now, |(at, _)| *at);
        self.asked = Some((at, tokio::spawn(measure(engine.clone(), wanted, self.sizes.clone()))));
    }
}

impl Drop for Layers {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.asked {
            task.abort();
        }
    }
}

async fn measure(engine: Engine, ids: Vec<String>, sizes: Sizes) {
    for id in ids {
        match layer_size(&engine, &id).await {
            Ok(Some(bytes)) => {
                sizes.lock().unwrap_or_else(PoisonError::into_inner).insert(id, bytes);
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(container = id, %error, "the size of the layer is not known"),
        }
    }
}
