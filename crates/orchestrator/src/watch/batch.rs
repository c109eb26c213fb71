//! Changes that belong together. Pure: the time is an argument.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// After a change, this long nothing must happen. An editor saves a file in several steps within a few milliseconds.
const QUIET: Duration = Duration::from_millis(30);
/// What never comes to rest is acted on after this time.
const LONGEST: Duration = Duration::from_secs(1);

/// Changes that are collected.
#[derive(Debug, Default)]
pub(super) struct Batcher {
    paths: BTreeSet<PathBuf>,
    /// When the first and the last of them came.
    times: Option<(Instant, Instant)>,
}

impl Batcher {
    /// Adds a change that happened at `now`.
    pub(super) fn add(&mut self, path: PathBuf, now: Instant) {
        self.paths.insert(path);
        let (first, _) = self.times.unwrap_or((now, now));
        self.times = Some((first, now));
    }

    /// When the changes are complete; `None`: there are none.
    pub(super) fn due(&self) -> Option<Instant> {
        self.times.map(|(first, last)| (last + QUIET).min(first + LONGEST))
    }

    /// Takes them.
    pub(super) fn take(&mut self) -> BTreeSet<PathBuf> {
        self.times = None;
        std::mem::take(&mut self.paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_when_nothing_more_happens_or_after_the_longest_time() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut batcher = Batcher::default();
        assert_eq!(batcher.due(), None);
        batcher.add("b".into(), at(0));
        assert_eq!(batcher.due(), Some(at(30)));
        batcher.add("a".into(), at(20));
        batcher.add("b".into(), at(25));
        assert_eq!(batcher.due(), Some(at(55)));
        let mut now = 25;
        while at(now) < batcher.due().unwrap() && now < 5000 {
            now += 10;
            batcher.add("c".into(), at(now));
        }
        assert_eq!(batcher.due(), Some(at(1000)));
        assert_eq!(batcher.take().into_iter().collect::<Vec<_>>(), ["a", "b", "c"].map(PathBuf::from));
        assert_eq!(batcher.due(), None);
    }
}
