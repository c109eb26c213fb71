//! Answers that are used again for a short time. Pure: moments are values.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The answers of the last moments, a bounded number of them, and the last failure.
#[derive(Debug)]
pub(crate) struct Recent<Q, A, E> {
    answers: HashMap<Q, (Instant, A)>,
    /// It answers every question: what failed for one would fail for another.
    failure: Option<(Instant, E)>,
    fresh: Duration,
    at_most: usize,
}

impl<Q: Hash + Eq + Clone, A: Clone, E: Clone> Recent<Q, A, E> {
    /// Keeps this many answers for this long.
    pub(crate) fn new(fresh: Duration, at_most: usize) -> Self {
        Self { answers: HashMap::new(), failure: None, fresh, at_most }
    }

    /// The answer to `question`, if there is one that is fresh at `now`.
    pub(crate) fn get(&self, question: &Q, now: Instant) -> Option<Result<A, E>> {
        let is_fresh = |then: Instant| now.saturating_duration_since(then) < self.fresh;
        if let Some((then, answer)) = self.answers.get(question)
            && is_fresh(*then)
        {
            return Some(Ok(answer.clone()));
        }
        self.failure.as_ref().filter(|(then, _)| is_fresh(*then)).map(|(_, error)| Err(error.clone()))
    }

    /// Keeps an answer. Those that are no longer fresh go, and the oldest where there are too many.
    pub(crate) fn put(&mut self, question: Q, answer: Result<A, E>, now: Instant) {
        let fresh = self.fresh;
        self.answers.retain(|_, (then, _)| now.saturating_duration_since(*then) < fresh);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.failure = Some((now, error));
                return;
            }
        };
        self.failure = None;
        self.answers.insert(question, (now, answer));
        if self.answers.len() > self.at_most {
            let oldest = self.answers.iter().min_by_key(|(_, (then, _))| *then).map(|(question, _)| question.clone());
            oldest.map(|question| self.answers.remove(&question));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn recent() -> (Recent<u8, &'static str, &'static str>, Instant) {
        (Recent::new(2 * SECOND, 2), Instant::now())
    }

    #[test]
    fn an_answer_is_used_again_while_it_is_fresh() {
        let (mut recent, start) = recent();
        assert_eq!(recent.get(&1, start), None);
        recent.put(1, Ok("one"), start);
        assert_eq!(recent.get(&1, start + SECOND), Some(Ok("one")));
        assert_eq!(recent.get(&2, start + SECOND), None);
        assert_eq!(recent.get(&1, start + 2 * SECOND), None);
    }

    #[test]
    fn a_failure_answers_what_has_no_fresh_answer_until_something_succeeds() {
        let (mut recent, start) = recent();
        recent.put(1, Ok("one"), start);
        recent.put(2, Err("away"), start + SECOND);
        assert_eq!(recent.get(&1, start + SECOND), Some(Ok("one")));
        assert_eq!(recent.get(&3, start + SECOND), Some(Err("away")));
        assert_eq!(recent.get(&1, start + 2 * SECOND), Some(Err("away")));
        recent.put(3, Ok("three"), start + 2 * SECOND);
        assert_eq!(recent.get(&1, start + 2 * SECOND), None);
    }

    #[test]
    fn the_oldest_answer_makes_room() {
        let (mut recent, start) = recent();
        for question in 1..=3_u8 {
            recent.put(question, Ok("some"), start + u32::from(question) * SECOND / 10);
        }
        let known: Vec<_> = (1..=3).filter(|question| recent.get(question, start + SECOND).is_some()).collect();
        assert_eq!(known, [2, 3]);
        recent.put(4, Ok("four"), start + 9 * SECOND);
        assert_eq!(recent.answers.len(), 1, "what is not fresh is not kept");
    }
}
