//! `limit`: so many entries a second, with a burst.

use std::time::{Duration, Instant};

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::parts::{DropCounter, Parts};
use super::super::recent::Recent;
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;

/// As in Promtail: fewer distinct labels are not worth the saving.
const LEAST_DISTINCT_LABELS: usize = 10_000;

#[derive(Debug)]
struct Limit {
    rate: f64,
    burst: f64,
    by: By,
    drops: DropCounter,
    ready_at: Option<Instant>,
}

#[derive(Debug)]
enum By {
    /// Entries wait for their turn.
    Waiting(Bucket),
    /// Entries beyond the rate are dropped.
    Dropping(Bucket),
    /// As many buckets as a label has values.
    Label { name: String, buckets: Recent<String, Bucket> },
}

/// Tokens that come at a steady rate, up to a most.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Tokens that are missing from a full bucket, as of `at`.
    missing: f64,
    at: Option<Instant>,
}

pub(super) fn new(node: &Node, parts: &Parts) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::weak(node);
    let rate = fields.number("rate").unwrap_or_default();
    let burst = fields.int("burst").unwrap_or_default();
    if rate.is_nan() || rate <= 0.0 || burst <= 0 {
        fields.fail(if rate > 0.0 { "burst" } else { "rate" }, "`rate` and `burst` must be there, and above 0");
    }
    let drop = fields.flag("drop").unwrap_or_default();
    let label = fields.text("by_label_name").filter(|name| !name.is_empty());
    let distinct =
        fields.int("max_distinct_labels").and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
    if label.is_some() && !drop {
        fields.fail("by_label_name", "with `by_label_name`, `drop` must be true");
    }
    let by = match label {
        Some(name) => By::Label { name, buckets: Recent::new(distinct.max(LEAST_DISTINCT_LABELS)) },
        None if drop => By::Dropping(Bucket::default()),
        None => By::Waiting(Bucket::default()),
    };
    let drops = parts.drops.counter("ratelimit_drop_stage");
    fields.complete(Some(Limit { rate, burst: burst as f64, by, drops, ready_at: None }))
}

impl Bucket {
    fn refill(&mut self, rate: f64, now: Instant) {
        if let Some(at) = self.at {
            let seconds = now.saturating_duration_since(at).as_secs_f64();
            self.missing = (self.missing - seconds * rate).max(0.0);
        }
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
    }

    /// Takes a token if there is one.
    fn take(&mut self, rate: f64, burst: f64, now: Instant) -> bool {
        self.refill(rate, now);
        let there = self.missing + 1.0 <= burst;
        if there {
            self.missing += 1.0;
        }
        there
    }

    /// Takes a token on credit; the time until it is paid for.
    fn owe(&mut self, rate: f64, burst: f64, now: Instant) -> Duration {
        self.refill(rate, now);
        self.missing += 1.0;
        Duration::try_from_secs_f64((self.missing - burst).max(0.0) / rate).unwrap_or(Duration::MAX)
    }
}

impl Edit for Limit {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        let (rate, burst) = (self.rate, self.burst);
        let allowed = match &mut self.by {
            By::Waiting(bucket) => {
                let wait = bucket.owe(rate, burst, now.monotonic);
                self.ready_at = if wait.is_zero() { None } else { now.monotonic.checked_add(wait) };
                true
            }
            By::Dropping(bucket) => bucket.take(rate, burst, now.monotonic),
            By::Label { name, buckets } => match entry.labels.get(name) {
                None => true,
                Some(value) => match buckets.get_mut(value) {
                    Some(bucket) => bucket.take(rate, burst, now.monotonic),
                    None => {
                        let mut bucket = Bucket::default();
                        let allowed = bucket.take(rate, burst, now.monotonic);
                        buckets.insert(value.to_owned(), bucket);
                        allowed
                    }
                },
            },
        };
        if allowed {
            return Verdict::Keep;
        }
        self.drops.count();
        Verdict::Drop
    }

    fn ready_at(&self) -> Option<Instant> {
        self.ready_at
    }
}
