//! Slots of time: visits by the hour and by the day.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::retention::{DAY, HOUR};
use crate::series::Series;

/// Number of hours shown, including the current one.
const HOURS: usize = 48;

/// Number of days shown, including the current one.
const DAYS: usize = 30;

/// An hour or a day (UTC) and its visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Slot {
    /// When it begins, RFC 3339 in UTC.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T06:00:00Z")]
    pub(crate) start: Timestamp,
    /// Visits that began in it.
    #[schema(minimum = 0, example = 42)]
    pub(crate) visits: i64,
}

fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// Visits by the hour and by the day, oldest first, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Stats {
    /// The last 48 hours, the current one included.
    pub(crate) hours: Vec<Slot>,
    /// The last 30 days, the current one included.
    pub(crate) days: Vec<Slot>,
}

impl Stats {
    /// The last hours and days of a history.
    pub(crate) fn new(series: &Series, now: Timestamp) -> Self {
        Self { hours: slots(now, HOUR, HOURS, &series.hours), days: slots(now, DAY, DAYS, &series.days) }
    }
}

/// The start, in Unix seconds, of the first of `count` slots of `length` seconds, the last of which contains `now`.
fn first_start(now: Timestamp, length: i64, count: usize) -> i64 {
    now.as_second() / length * length - (count as i64 - 1) * length
}

/// `count` slots, the last of which contains `now`. A slot that `visits` (start in Unix seconds, number) lacks has zero.
pub(crate) fn slots(now: Timestamp, length: i64, count: usize, visits: &[(i64, i64)]) -> Vec<Slot> {
    let visits: HashMap<i64, i64> = visits.iter().copied().collect();
    let first = first_start(now, length, count);
    let starts = (0..count as i64).map(|slot| first + slot * length);
    starts
        .map(|start| Slot {
            // Only a clock in the year 9999 is out of range.
            start: Timestamp::from_second(start).unwrap_or(Timestamp::MAX),
            visits: visits.get(&start).copied().unwrap_or(0),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn slots_have_no_gaps_and_end_with_the_current_one() {
        let now = at("2026-11-21T06:59:59Z");
        let visits = [(at("2026-11-21T06:00:00Z").as_second(), 5), (at("2026-11-21T04:00:00Z").as_second(), 2)];
        let slots = slots(now, HOUR, 4, &visits);
        let text: Vec<_> = slots.iter().map(|slot| format!("{} {}", slot.start, slot.visits)).collect();
        assert_eq!(
            text,
            ["2026-11-21T03:00:00Z 0", "2026-11-21T04:00:00Z 2", "2026-11-21T05:00:00Z 0", "2026-11-21T06:00:00Z 5"]
        );
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        let slots = slots(at("2026-03-01T00:00:00Z"), DAY, 2, &[]);
        assert_eq!(slots[0].start, at("2026-02-28T00:00:00Z"));
        assert_eq!(slots[1].start, at("2026-03-01T00:00:00Z"));
    }
}
