//! Counts in time for people: a chart, and the same numbers as a table. Pure. `templates/chart.html` draws it.

use jiff::{Timestamp, Zoned, civil::Weekday};

use crate::chart::{Bar, Chart, Mark};
use crate::pages::{counted, grouped};

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

/// How long a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Hour,
    Day,
}

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

impl Section {
    /// A section about `slots`: when each begins, on the clock that people see, and its number.
    pub(crate) fn new(
        (id, title): (&'static str, &'static str),
        length: Length,
        zone: &str,
        noun: Noun,
        slots: &[(Zoned, i64)],
    ) -> Self {
        let sum: i64 = slots.iter().map(|(_, number)| number).sum();
        let bar =
            |(start, value): &(Zoned, i64)| Bar { label: length.label(start), value: *value, mark: length.mark(start) };
        let row = |(start, number): &(Zoned, i64)| Row {
            start: start.timestamp(),
            label: length.label(start),
            number: grouped(*number),
        };
        let unit = match length {
            Length::Hour => "Hour",
            Length::Day => "Day",
        };
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

impl Length {
    /// The name of the slot that begins at `start`.
    fn label(self, start: &Zoned) -> String {
        let format = match self {
            Self::Hour => "%-d %b, %H:%M",
            Self::Day => "%-d %b %Y",
        };
        start.strftime(format).to_string()
    }

    /// The mark below the slot that begins at `start`, if it has one: a quarter of a day, or a Monday or Thursday.
    fn mark(self, start: &Zoned) -> Option<Mark> {
        let (format, minor) = match self {
            Self::Hour if start.minute() != 0 => return None,
            Self::Hour => match start.hour() {
                0 => ("%-d %b", false),
                12 => ("%H:%M", false),
                6 | 18 => ("%H:%M", true),
                _ => return None,
            },
            Self::Day => match start.weekday() {
                Weekday::Monday => ("%-d %b", false),
                Weekday::Thursday => ("%-d %b", true),
                _ => return None,
            },
        };
        Some(Mark { label: start.strftime(format).to_string(), minor })
    }
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, tz::TimeZone};

    use super::*;

    fn slots(from: &str, hours: i64, values: &[i64]) -> Vec<(Zoned, i64)> {
        let from = from.parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC);
        (0..).zip(values).map(|(index, value)| (&from + (index * hours).hours(), *value)).collect()
    }

    fn marks(section: &Section) -> Vec<(String, bool)> {
        let chart = section.chart.as_ref().unwrap();
        chart.ticks.iter().map(|tick| (tick.label.clone(), tick.minor)).collect()
    }

    #[test]
    fn hours_are_marked_at_the_quarters_of_a_day() {
        let section = Section::new(
            ("h", "The last hours"),
            Length::Hour,
            "UTC",
            VISITS,
            &slots("2026-11-21T05:00:00Z", 1, &[1; 30]),
        );
        let expected = [("06:00", true), ("12:00", false), ("18:00", true), ("22 Nov", false), ("06:00", true)];
        assert_eq!(marks(&section), expected.map(|(label, minor)| (label.to_owned(), minor)));
    }

    #[test]
    fn days_are_marked_at_mondays_and_thursdays() {
        let section = Section::new(
            ("d", "The last days"),
            Length::Day,
            "UTC",
            VISITS,
            &slots("2026-11-21T00:00:00Z", 24, &[1; 9]),
        );
        assert_eq!(marks(&section), [("23 Nov".to_owned(), false), ("26 Nov".to_owned(), true)]);
    }

    #[test]
    fn a_section_counts_in_words_and_says_when_there_is_nothing() {
        let new = |values: &[i64]| {
            let slots = slots("2026-11-21T05:00:00Z", 1, values);
            Section::new(("h", "The last 2 hours"), Length::Hour, "UTC", VISITS, &slots)
        };
        assert_eq!(new(&[1, 0]).describe(), "Bars from 21 Nov, 05:00 to 21 Nov, 06:00, 1 visit together.");
        assert!(new(&[1, 1]).describe().contains("2 visits together"));
        let empty = new(&[0, 0]);
        assert!(empty.chart.is_none());
        assert_eq!(empty.empty, "No visits in the last 2 hours.");
    }
}
