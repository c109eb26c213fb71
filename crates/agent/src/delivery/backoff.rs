//! How long to wait before the next try.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How pauses grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The first pause.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
    /// How often to try again; `None`: without end.
    pub tries: Option<u32>,
}

/// The pauses of one request.
#[derive(Debug)]
pub struct Backoff {
    schedule: Schedule,
    tries: u32,
}

impl Backoff {
    /// Before the first try.
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, tries: 0 }
    }

    /// The pause before the next try: doubled each time, shortened by up to half at random (`chance` from 0 to 1), so that
    /// agents do not all return at once, and not shorter than what the server asked for. `None`: give up.
    pub fn next(&mut self, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        if self.schedule.tries.is_some_and(|tries| self.tries >= tries) {
            return None;
        }
        let pause = self.schedule.first.saturating_mul(1 << self.tries.min(20)).min(self.schedule.longest);
        self.tries += 1;
        Some(pause.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0).max(asked.unwrap_or_default()))
    }
}

/// A number from 0 to 1, good enough for pauses.
pub(super) fn chance() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_millis(500), longest: Duration::from_secs(3), tries: Some(5) };

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let mut backoff = Backoff::new(SCHEDULE);
        let pauses: Vec<u128> = std::iter::from_fn(|| backoff.next(None, 0.0)).map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 3000, 3000]);
    }

    #[test]
    fn chance_shortens_and_the_server_lengthens() {
        let mut backoff = Backoff::new(SCHEDULE);
        assert_eq!(backoff.next(None, 1.0), Some(Duration::from_millis(250)));
        assert_eq!(backoff.next(Some(Duration::from_secs(60)), 1.0), Some(Duration::from_secs(60)));
        assert!((0.0..1.0).contains(&chance()));
    }
}
