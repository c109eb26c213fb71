//! Counts in time for people: a chart, and the same numbers as a table. Pure. `templates/parts.html` draws it.

use jiff::civil::Weekday;
use jiff::{Timestamp, Zoned};

use crate::chart::{Bar, Chart, Mark};
use crate::pages::{counted, grouped};
use crate::retention::{Bounds, DAY, HOURS_FOR, MINUTES_FOR};
use crate::series::{By, Series, ZonedSlot};
use crate::zone::Zone;

/// What is counted, for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noun {
    pub(crate) one: &'static str,
    pub(crate) more: &'static str,
    /// The head of a column.
    pub(crate) column: &'static str,
}

/// Visits of the counter's own page.
pub(crate) const VISITS: Noun = Noun { one: "visit", more: "visits", column: "Visits" };

/// Hits of keys.
pub(crate) const HITS: Noun = Noun { one: "hit", more: "hits", column: "Hits" };

/// A slot as a row of a table.
pub(crate) struct Row {
    pub(crate) start: Timestamp,
    pub(crate) label: String,
    pub(crate) number: String,
}

/// A chart and its table.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The head of the table's first column.
    pub(crate) unit: String,
    /// The head of its second one.
    pub(crate) noun: &'static str,
    pub(crate) sum: String,
    /// None if all slots are empty.
    pub(crate) chart: Option<Chart>,
    pub(crate) rows: Vec<Row>,
    /// What stands where the chart would be.
    pub(crate) empty: String,
    sum_with_noun: String,
}

/// The last 48 hours and the last 30 days up to `now`.
pub(crate) fn sections(series: &Series, noun: Noun, now: Timestamp, zone: &Zone) -> [Section; 2] {
    [(By::Hour, 48, "hours", "The last 48 hours"), (By::Day, 30, "days", "The last 30 days")].map(
        |(by, count, id, title)| {
            let slots = series.last(by, count, now, &zone.zone);
            Section::new((id, title), by, &zone.name, noun, &slots)
        },
    )
}

/// How long the history is kept, and what bounds its size.
pub(crate) fn kept() -> String {
    let Bounds { minutes, hours, days, months } = Bounds::default();
    format!(
        "The history keeps minutes for {} days, hours for {} days, and days for good. That of all keys together has at most \
         {} minutes, {} hours, {} days and {} months; at the bound the earliest get coarser, and no hit is lost.",
        MINUTES_FOR / DAY,
        HOURS_FOR / DAY,
        grouped(minutes),
        grouped(hours),
        grouped(days),
        grouped(months),
    )
}

impl Section {
    /// A section about `slots` of one length, on the clock of `zone`.
    fn new((id, title): (&'static str, &'static str), by: By, zone: &str, noun: Noun, slots: &[ZonedSlot]) -> Self {
        let sum: i64 = slots.iter().map(|slot| slot.count).sum();
        let bar =
            |slot: &ZonedSlot| Bar { label: label(by, &slot.start), value: slot.count, mark: mark(by, &slot.start) };
        let row = |slot: &ZonedSlot| Row {
            start: slot.start.timestamp(),
            label: label(by, &slot.start),
            number: grouped(slot.count),
        };
        let unit = if by == By::Hour { "Hour" } else { "Day" };
        Self {
            id,
            title,
            unit: format!("{unit} ({zone})"),
            noun: noun.column,
            sum: grouped(sum),
            chart: (sum > 0).then(|| Chart::new(&slots.iter().map(bar).collect::<Vec<_>>())),
            rows: slots.iter().rev().map(row).collect(),
            empty: format!("No {} in {}.", noun.more, title.to_lowercase()),
            sum_with_noun: counted(sum, noun.one, noun.more),
        }
    }

    /// The chart in a sentence, for those who do not see it.
    pub(crate) fn describe(&self) -> String {
        let label = |row: Option<&Row>| row.map(|row| row.label.clone()).unwrap_or_default();
        let (first, last) = (label(self.rows.last()), label(self.rows.first()));
        format!("Bars from {first} to {last}, {} together.", self.sum_with_noun)
    }
}

/// The name of the slot that begins at `start`.
fn label(by: By, start: &Zoned) -> String {
    start.strftime(if by == By::Hour { "%-d %b, %H:%M" } else { "%-d %b %Y" }).to_string()
}

/// The mark below the slot that begins at `start`, if it has one: a quarter of a day, or a Monday or Thursday.
fn mark(by: By, start: &Zoned) -> Option<Mark> {
    let (format, minor) = match (by, start.hour(), start.weekday()) {
        (By::Hour, ..) if start.minute() != 0 => return None,
        (By::Hour, 0, _) => ("%-d %b", false),
        (By::Hour, 12, _) => ("%H:%M", false),
        (By::Hour, 6 | 18, _) => ("%H:%M", true),
        (By::Day, _, Weekday::Monday) => ("%-d %b", false),
        (By::Day, _, Weekday::Thursday) => ("%-d %b", true),
        _ => return None,
    };
    Some(Mark { label: start.strftime(format).to_string(), minor })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::{self, Width};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The sections of a history with these minutes, at 23:30 on 22 November 2026.
    fn of(minutes: &[(&str, i64)], zone: &str) -> [Section; 2] {
        let row = |&(start, count): &(&str, i64)| retention::Row {
            width: Width::Minute,
            start: at(start).as_second(),
            count,
        };
        let series = Series::new(minutes.iter().map(row));
        sections(&series, VISITS, at("2026-11-22T23:30:00Z"), &Zone::named(Some(zone)))
    }

    fn of_today(zone: &str, count: i64) -> [Section; 2] {
        of(&[("2026-11-22T05:00:00Z", count)], zone)
    }

    fn marks(section: &Section) -> Vec<(&str, bool)> {
        let chart = section.chart.as_ref().unwrap();
        chart.ticks.iter().map(|tick| (tick.label.as_str(), tick.minor)).collect()
    }

    #[test]
    fn hours_are_marked_at_the_quarters_of_a_day_and_days_at_mondays_and_thursdays() {
        let [hours, days] = of_today("UTC", 1);
        let expected = [
            ("21 Nov", false),
            ("06:00", true),
            ("12:00", false),
            ("18:00", true),
            ("22 Nov", false),
            ("06:00", true),
            ("12:00", false),
        ];
        assert_eq!(marks(&hours), expected);
        let expected = [
            ("26 Oct", false),
            ("29 Oct", true),
            ("2 Nov", false),
            ("5 Nov", true),
            ("9 Nov", false),
            ("12 Nov", true),
            ("16 Nov", false),
        ];
        assert_eq!(marks(&days), expected);
    }

    #[test]
    fn the_clock_is_that_of_the_zone() {
        let [hours, _] = of_today("Asia/Kolkata", 1);
        assert_eq!((hours.unit.as_str(), hours.rows.len()), ("Hour (Asia/Kolkata)", 48));
        assert_eq!(hours.rows[0].label, "23 Nov, 05:00");
    }

    #[test]
    fn a_section_counts_in_words_and_says_when_there_is_nothing() {
        let [hours, days] = of_today("UTC", 1);
        assert_eq!(hours.describe(), "Bars from 21 Nov, 00:00 to 22 Nov, 23:00, 1 visit together.");
        assert_eq!(days.rows.len(), 30);
        assert!(of_today("UTC", 2)[0].describe().contains("2 visits together"));
        let [hours, days] = of(&[], "UTC");
        assert!(hours.chart.is_none() && days.chart.is_none());
        assert_eq!(hours.empty, "No visits in the last 48 hours.");
    }
}
