//! Values that are kept for a server from one scrape to the next, such as its connection.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Unused values expire after this.
const EXPIRE_AFTER: Duration = Duration::from_secs(150);
/// At most this many values are kept.
const MOST: usize = 256;

/// Values by key. A value is taken out while it is used, so two scrapes at once use two connections.
#[derive(Debug)]
pub(crate) struct ExpiringMap<T> {
    values: Mutex<HashMap<String, (T, Instant)>>,
}

impl<T> Default for ExpiringMap<T> {
    fn default() -> Self {
        ExpiringMap { values: Mutex::new(HashMap::new()) }
    }
}

impl<T> ExpiringMap<T> {
    /// Removes and returns the value.
    pub(crate) fn take(&self, key: &str) -> Option<T> {
        self.lock().remove(key).map(|(value, _)| value)
    }

    /// Keeps the value until it is taken or expires.
    pub(crate) fn put(&self, key: String, value: T) {
        let mut values = self.lock();
        values.retain(|_, (_, used)| used.elapsed() < EXPIRE_AFTER);
        if values.len() < MOST {
            values.insert(key, (value, Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (T, Instant)>> {
        // No code that may panic runs under the lock.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_unused_value_expires() {
        let kept = ExpiringMap::default();
        kept.put("a".to_owned(), 1);
        tokio::time::advance(Duration::from_secs(100)).await;
        kept.put("b".to_owned(), 2);
        tokio::time::advance(Duration::from_secs(100)).await;
        kept.put("c".to_owned(), 3);
        assert_eq!((kept.take("a"), kept.take("b"), kept.take("b")), (None, Some(2), None));
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let kept = ExpiringMap::default();
        for server in 0..1_000 {
            kept.put(server.to_string(), server);
        }
        assert_eq!(kept.lock().len(), MOST);
    }
}
