//! What is kept of a server from one scrape to the next: a connection above all.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Of a server that is gone nothing stays for longer.
const UNUSED: Duration = Duration::from_secs(150);
/// Of no more servers anything is kept.
const MOST: usize = 256;

/// Values under a server's key. A value is taken out to be used: two scrapes at once use two connections.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    values: Mutex<HashMap<String, (T, Instant)>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept { values: Mutex::new(HashMap::new()) }
    }
}

impl<T> Kept<T> {
    /// The value, which is then no longer kept.
    pub(crate) fn take(&self, key: &str) -> Option<T> {
        self.lock().remove(key).map(|(value, _)| value)
    }

    /// Keeps the value until it is taken, or has not been used for long.
    pub(crate) fn put(&self, key: String, value: T) {
        let mut values = self.lock();
        values.retain(|_, (_, used)| used.elapsed() < UNUSED);
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
    async fn what_nobody_uses_goes() {
        let kept = Kept::default();
        kept.put("a".to_owned(), 1);
        tokio::time::advance(Duration::from_secs(100)).await;
        kept.put("b".to_owned(), 2);
        tokio::time::advance(Duration::from_secs(100)).await;
        kept.put("c".to_owned(), 3);
        assert_eq!((kept.take("a"), kept.take("b"), kept.take("b")), (None, Some(2), None));
    }

    #[test]
    fn there_is_an_end_to_how_much_is_kept() {
        let kept = Kept::default();
        for server in 0..1_000 {
            kept.put(server.to_string(), server);
        }
        assert_eq!(kept.lock().len(), MOST);
    }
}
