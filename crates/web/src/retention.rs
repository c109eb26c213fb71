//! How long the history keeps which resolution, and what becomes of it then. Pure: no database, no clock.
//!
//! A row of the history is a number of visits or hits in a slot of time. A row is folded into the slot of the next width when
//! it gets old, or when there are too many rows of its width. Folding moves counts and never changes their sum.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A minute in seconds.
pub(crate) const MINUTE: i64 = 60;

/// An hour in seconds.
pub(crate) const HOUR: i64 = 3600;

/// A day in seconds; a day of Unix time has no leap seconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// How long minutes are kept.
pub(crate) const MINUTES_FOR: i64 = 2 * DAY;

/// How long hours are kept.
pub(crate) const HOURS_FOR: i64 = 90 * DAY;

/// The width of a slot. Slots begin at full minutes, hours, days and months of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Width {
    /// A minute.
    Minute = 0,
    /// An hour.
    Hour = 1,
    /// A day.
    Day = 2,
    /// A month.
    Month = 3,
    /// All time: it is not known when.
    Ever = 4,
}

impl Width {
    /// All of them, finest first.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Ever];

    /// The number that stands for it in a table.
    pub fn number(self) -> i16 {
        self as i16
    }

    /// The width with this number.
    pub fn numbered(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.number() == number)
    }

    /// The width that rows of this one are folded into.
    pub fn next(self) -> Option<Self> {
        Self::numbered(self.number() + 1)
    }

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Ever => "ever",
        }
    }

    /// The start of the slot that contains `second`. Both are Unix seconds.
    pub fn start_of(self, second: i64) -> i64 {
        match self {
            Self::Minute => floor(second, MINUTE),
            Self::Hour => floor(second, HOUR),
            Self::Day => floor(second, DAY),
            Self::Month => start_of_date(date(second).first_of_month()),
            Self::Ever => 0,
        }
    }

    /// The end of the slot that starts at `start`. Both are Unix seconds.
    pub(crate) fn end_of(self, start: i64) -> i64 {
        match self {
            Self::Minute => start + MINUTE,
            Self::Hour => start + HOUR,
            Self::Day => start + DAY,
            // The day after the month's last.
            Self::Month => start_of_date(date(start).last_of_month()) + DAY,
            Self::Ever => i64::MAX,
        }
    }

    /// The moment before which rows of this width are folded because of their age. A slot of the next width is folded as a
    /// whole.
    pub(crate) fn kept_from(self, now: i64) -> Option<i64> {
        match self {
            Self::Minute => Some(floor(now - MINUTES_FOR, HOUR)),
            Self::Hour => Some(floor(now - HOURS_FOR, DAY)),
            _ => None,
        }
    }

    /// The width of the slot in which a visit of this age is kept.
    pub(crate) fn at_age(start: i64, now: i64) -> Self {
        let kept = |width: &Self| width.kept_from(now).is_none_or(|from| start >= from);
        [Self::Minute, Self::Hour].into_iter().find(kept).unwrap_or(Self::Day)
    }
}

fn floor(second: i64, length: i64) -> i64 {
    second - second.rem_euclid(length)
}

/// The date in UTC of a second. Only a clock beyond the year 9999 is out of range.
fn date(second: i64) -> Date {
    TimeZone::UTC.to_datetime(Timestamp::from_second(second).unwrap_or(Timestamp::MAX)).date()
}

fn start_of_date(date: Date) -> i64 {
    TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).map_or(i64::MAX, Timestamp::as_second)
}

/// Counts in a slot of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) width: Width,
    /// The slot's start, in Unix seconds.
    pub(crate) start: i64,
    pub(crate) count: i64,
}

/// How many rows of each width the history of keys has at most. At the bound the earliest are folded, whatever their age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rows that are minutes.
    pub minutes: i64,
    /// Rows that are hours.
    pub hours: i64,
    /// Rows that are days.
    pub days: i64,
    /// Rows that are months.
    pub months: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { minutes: 500_000, hours: 500_000, days: 1_000_000, months: 500_000 }
    }
}

impl Bounds {
    /// The bound of this width. What has no time has one row a key.
    pub fn of(&self, width: Width) -> Option<i64> {
        match width {
            Width::Minute => Some(self.minutes),
            Width::Hour => Some(self.hours),
            Width::Day => Some(self.days),
            Width::Month => Some(self.months),
            Width::Ever => None,
        }
    }
}

/// The rows that `rows` (a key, a start in Unix seconds, and a number) become in slots of `into`: one for each key and slot, in
/// their order.
pub(crate) fn fold<K: Ord>(rows: impl IntoIterator<Item = (K, i64, i64)>, into: Width) -> Vec<(K, i64, i64)> {
    let mut folded = BTreeMap::new();
    for (key, start, count) in rows {
        *folded.entry((key, into.start_of(start))).or_insert(0) += count;
    }
    folded.into_iter().map(|((key, start), count)| (key, start, count)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn slots_begin_at_full_minutes_hours_days_and_months_of_utc() {
        let moment = second("2028-02-29T13:45:59Z");
        let starts = Width::ALL.map(|width| Timestamp::from_second(width.start_of(moment)).unwrap().to_string());
        assert_eq!(
            starts,
            [
                "2028-02-29T13:45:00Z",
                "2028-02-29T13:00:00Z",
                "2028-02-29T00:00:00Z",
                "2028-02-01T00:00:00Z",
                "1970-01-01T00:00:00Z"
            ]
        );
        assert_eq!(Width::Month.end_of(second("2028-02-01T00:00:00Z")), second("2028-03-01T00:00:00Z"));
        assert_eq!(Width::Month.end_of(second("2028-12-01T00:00:00Z")), second("2029-01-01T00:00:00Z"));
    }

    #[test]
    fn minutes_become_hours_after_two_days_and_hours_become_days_after_ninety() {
        let now = second("2026-11-30T12:30:00Z");
        let width = |text: &str| Width::at_age(second(text), now);
        assert_eq!(width("2026-11-28T12:00:00Z"), Width::Minute);
        assert_eq!(width("2026-11-28T11:59:00Z"), Width::Hour);
        assert_eq!(width("2026-09-01T00:00:00Z"), Width::Hour);
        assert_eq!(width("2026-08-31T23:00:00Z"), Width::Day);
    }

    #[test]
    fn a_width_is_found_by_its_number() {
        assert!(Width::ALL.into_iter().all(|width| Width::numbered(width.number()) == Some(width)));
        assert_eq!(Width::Ever.next(), None);
    }

    proptest! {
        #[test]
        fn folding_keeps_the_sum_of_each_key_and_of_each_slot_it_folds_into(
            rows in proptest::collection::vec((0_u8..3, 0_i64..4_000_000_000, 1_i64..9), 0..60),
            width in 0_i16..5,
        ) {
            let into = Width::numbered(width).unwrap();
            let folded = fold(rows.clone(), into);
            prop_assert!(folded.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
            let sum = |rows: &[(u8, i64, i64)], key, start| {
                let of = |row: &&(u8, i64, i64)| row.0 == key && into.start_of(row.1) == start;
                rows.iter().filter(of).map(|row| row.2).sum::<i64>()
            };
            for (key, start, count) in &folded {
                prop_assert_eq!(into.start_of(*start), *start);
                prop_assert_eq!(sum(&rows, *key, *start), *count);
            }
            prop_assert_eq!(rows.iter().map(|row| row.2).sum::<i64>(), folded.iter().map(|row| row.2).sum::<i64>());
        }

        #[test]
        fn a_slot_contains_its_moment(moment in 0_i64..4_000_000_000, width in 0_i16..4) {
            let width = Width::numbered(width).unwrap();
            let start = width.start_of(moment);
            prop_assert!((start..width.end_of(start)).contains(&moment));
            prop_assert_eq!(width.start_of(width.end_of(start) - 1), start);
        }
    }
}
