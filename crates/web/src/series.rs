//! Counts in time, and what a page says about them. Pure: rows, a moment and a time zone in, numbers out.
//!
//! The history keeps slots of UTC. A slot of another time zone is made of the finest ones that are kept, so its number is exact
//! wherever their borders meet. Where they do not (an hour in a zone with half an hour, a day of which no hours are left)
//! a kept slot belongs to the one that contains its middle, and both are marked as not exact.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::key::Key;
use crate::retention::{DAY, HOUR, MINUTE, Row, Width};

/// What a history is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// Visits.
    Visits,
    /// The hits of one key.
    Key(Key),
    /// The hits of all keys together.
    AllKeys,
}

/// Counts in time. Each pair is a slot's start in Unix seconds and the number in it. Pairs ascend, and slots without any are
/// absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    /// The last two days.
    pub(crate) minutes: Vec<(i64, i64)>,
    /// The last 90 days, also those that have minutes.
    pub(crate) hours: Vec<(i64, i64)>,
    /// All days (UTC), also those that have hours.
    pub(crate) days: Vec<(i64, i64)>,
    /// All months (UTC), also those that have days. Where a history is at its bound, the earliest have no days.
    pub(crate) months: Vec<(i64, i64)>,
    /// Everything in the history, also what has no time.
    pub(crate) total: i64,
    /// The start of the first slot, in Unix seconds.
    pub(crate) since: Option<i64>,
}

/// The slots that a chart or a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    Minute,
    Hour,
    Day,
    Month,
}

/// A slot of a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZonedSlot {
    pub(crate) start: Zoned,
    pub(crate) end: Zoned,
    pub(crate) count: i64,
    /// Whether the borders of what is kept meet those of this slot.
    pub(crate) exact: bool,
}

/// The number of a period, and that of the period of the same length before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Comparison {
    /// The period that is not over yet.
    #[schema(minimum = 0, example = 42)]
    pub(crate) now: i64,
    /// The one before.
    #[schema(minimum = 0, example = 40)]
    pub(crate) before: i64,
}

/// What a page says first. Periods are calendar days of a time zone and include today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) total: i64,
    /// Today, and yesterday.
    pub(crate) today: Comparison,
    /// The last 7 days, and the 7 before.
    pub(crate) week: Comparison,
    /// The last 30 days, and the 30 before.
    pub(crate) month: Comparison,
}

/// More slots were asked for than one answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("These are more than {SLOTS_AT_MOST} slots.")]
pub(crate) struct TooManySlots;

/// How many slots one answer has at most: 27 years of days.
pub(crate) const SLOTS_AT_MOST: usize = 10_000;

/// A number that cannot be divided further.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: i64,
    end: i64,
    count: i64,
}

impl Series {
    /// The series of all `rows` of a history.
    pub(crate) fn new(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut series = Self::default();
        for row in rows {
            series.total += row.count;
            if row.width != Width::Ever {
                series.since = Some(series.since.map_or(row.start, |since| since.min(row.start)));
            }
            let slots = [
                (Width::Minute, &mut series.minutes),
                (Width::Hour, &mut series.hours),
                (Width::Day, &mut series.days),
                (Width::Month, &mut series.months),
            ];
            for (width, slots) in slots.into_iter().filter(|(width, _)| *width >= row.width) {
                slots.push((width.start_of(row.start), row.count));
            }
        }
        for slots in [&mut series.minutes, &mut series.hours, &mut series.days, &mut series.months] {
            *slots = summed(std::mem::take(slots));
        }
        series
    }

    /// The total, and the periods that end with the day of `now`.
    pub(crate) fn summary(&self, now: Timestamp, zone: &TimeZone) -> Summary {
        let days = self.last(By::Day, 60, now, zone);
        let sum = |from: usize, to: usize| days.iter().rev().skip(from).take(to - from).map(|day| day.count).sum();
        let last = |days: usize| Comparison { now: sum(0, days), before: sum(days, 2 * days) };
        Summary { total: self.total, today: last(1), week: last(7), month: last(30) }
    }

    /// The last `count` slots, the one that contains `now` included, oldest first and without gaps.
    pub(crate) fn last(&self, by: By, count: i32, now: Timestamp, zone: &TimeZone) -> Vec<ZonedSlot> {
        let here = now.to_zoned(zone.clone());
        let back = count.max(1) - 1;
        let span = match by {
            By::Minute => back.minutes(),
            By::Hour => back.hours(),
            By::Day => back.days(),
            By::Month => back.months(),
        };
        // Not the last day of a month: a month before it may be shorter.
        let from = if by == By::Month { here.first_of_month().unwrap_or(here) } else { here };
        let from = from.checked_sub(span).map_or(now, |from| from.timestamp());
        self.slots(by, from, now, zone).unwrap_or_default()
    }

    /// The slots from the one that contains `from` to the one that contains `to`, oldest first and without gaps.
    ///
    /// # Errors
    ///
    /// When there would be more than [`SLOTS_AT_MOST`].
    pub(crate) fn slots(
        &self,
        by: By,
        from: Timestamp,
        to: Timestamp,
        zone: &TimeZone,
    ) -> Result<Vec<ZonedSlot>, TooManySlots> {
        let mut slots: Vec<ZonedSlot> = Vec::new();
        let mut start = by.start_of(&from.to_zoned(zone.clone()));
        while start.timestamp() <= to {
            if slots.len() == SLOTS_AT_MOST {
                return Err(TooManySlots);
            }
            let end = by.next(&start);
            if end.timestamp() <= start.timestamp() {
                break;
            }
            slots.push(ZonedSlot { start, end: end.clone(), count: 0, exact: true });
            start = end;
        }
        for piece in self.pieces() {
            put(&mut slots, &piece);
        }
        Ok(slots)
    }

    /// Everything that has a time, in the finest slots that have all of it.
    fn pieces(&self) -> Vec<Piece> {
        let months = self.months.iter().map(|&(start, count)| Piece { start, end: Width::Month.end_of(start), count });
        let days = divided(months.collect(), &self.days, DAY);
        let hours = divided(days, &self.hours, HOUR);
        divided(hours, &self.minutes, MINUTE)
    }
}

/// Replaces each piece by the `finer` slots in it, if they have all of it.
fn divided(pieces: Vec<Piece>, finer: &[(i64, i64)], length: i64) -> Vec<Piece> {
    let mut divided = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let from = finer.partition_point(|(start, _)| *start < piece.start);
        let within = finer.get(from..).unwrap_or_default();
        let within = within.get(..within.partition_point(|(start, _)| *start < piece.end)).unwrap_or_default();
        if within.iter().map(|(_, count)| count).sum::<i64>() == piece.count {
            divided.extend(within.iter().map(|&(start, count)| Piece { start, end: start + length, count }));
        } else {
            divided.push(piece);
        }
    }
    divided
}

/// Adds a piece to the slot that contains its middle. Slots that it is only a part of, or that are only a part of it, are
/// not exact.
fn put(slots: &mut [ZonedSlot], piece: &Piece) {
    let second = |time: &Zoned| time.timestamp().as_second();
    let first = slots.partition_point(|slot| second(&slot.end) <= piece.start);
    let Some(slot) = slots.get(first) else { return };
    if second(&slot.start) <= piece.start && piece.end <= second(&slot.end) {
        if let Some(slot) = slots.get_mut(first) {
            slot.count += piece.count;
        }
        return;
    }
    let middle = piece.start + (piece.end - piece.start) / 2;
    for slot in slots.iter_mut().skip(first).take_while(|slot| second(&slot.start) < piece.end) {
        slot.exact = false;
        if (second(&slot.start)..second(&slot.end)).contains(&middle) {
            slot.count += piece.count;
        }
    }
}

/// Sorted, with one pair for each start.
fn summed(mut slots: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    slots.sort_unstable();
    slots.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 += later.1;
        }
        same
    });
    slots
}

impl By {
    /// The start of the slot that contains `moment`.
    fn start_of(self, moment: &Zoned) -> Zoned {
        let start = match self {
            // By seconds: the clock's reading may stand for two moments when summer time ends.
            Self::Minute => back(moment, i64::from(moment.second())),
            Self::Hour => back(moment, i64::from(moment.minute()) * 60 + i64::from(moment.second())),
            Self::Day => moment.start_of_day().ok(),
            Self::Month => moment.first_of_month().and_then(|first| first.start_of_day()).ok(),
        };
        start.unwrap_or_else(|| moment.clone())
    }

    /// The start of the slot after the one that starts at `start`; `start` itself where time ends.
    fn next(self, start: &Zoned) -> Zoned {
        let next = match self {
            Self::Minute => back(start, -MINUTE),
            // To the next full hour on the clock: a slot is shorter where the clock moves by half an hour.
            Self::Hour => back(start, i64::from(start.minute()) * 60 - HOUR),
            Self::Day => start.tomorrow().and_then(|day| day.start_of_day()).ok(),
            Self::Month => start.first_of_month().and_then(|first| first.checked_add(1.month())?.start_of_day()).ok(),
        };
        next.unwrap_or_else(|| start.clone())
    }
}

/// The full second that is `seconds` before that of `moment`.
fn back(moment: &Zoned, seconds: i64) -> Option<Zoned> {
    let second = moment.timestamp().as_second().checked_sub(seconds)?;
    Some(Timestamp::from_second(second).ok()?.to_zoned(moment.time_zone().clone()))
}

#[cfg(test)]
mod tests;
