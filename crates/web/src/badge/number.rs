//! How a badge writes its number.

use std::str::FromStr;

use crate::pages::grouped;

/// The units of [`NumberFormat::Metric`], each a thousand times the one before.
const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// How a badge writes its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    /// `12345`
    Plain,
    /// `12 345`, with narrow spaces
    #[default]
    Grouped,
    /// `12.3k`
    Metric,
    /// `42 today / 12 345`
    Today,
}

impl NumberFormat {
    /// All formats, with the names that a query has for them.
    pub(crate) const ALL: [(&'static str, Self); 4] =
        [("grouped", Self::Grouped), ("plain", Self::Plain), ("metric", Self::Metric), ("today", Self::Today)];

    /// The name.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, format)| *format == self).map_or("grouped", |(name, _)| name)
    }

    /// What a number looks like.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Plain => "12345",
            Self::Grouped => "12\u{202f}345",
            Self::Metric => "12.3k",
            Self::Today => "42 today / 12\u{202f}345",
        }
    }

    /// The number in this format. For [`Self::Today`], which needs a second one, this is the second part.
    pub(crate) fn write(self, number: i64) -> String {
        match self {
            Self::Plain => number.to_string(),
            Self::Grouped | Self::Today => grouped(number),
            Self::Metric => metric(number),
        }
    }
}

impl FromStr for NumberFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, format)| format).ok_or(())
    }
}

/// Today's number and the total. Today's is unknown while the history cannot be read.
pub(crate) fn today(today: Option<i64>, total: i64) -> String {
    let today = today.map_or_else(|| "?".to_owned(), grouped);
    format!("{today} today / {}", grouped(total))
}

/// The number with the unit's letter, cut to what was reached: 999 999 is `999k`. Below a hundred units it has a decimal.
fn metric(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.unsigned_abs();
    let unit = (0..UNITS.len()).rev().find(|unit| number >= thousands(*unit)).unwrap_or(0);
    let (whole, rest) = (number / thousands(unit), number % thousands(unit));
    let decimal = if unit == 0 || whole >= 100 { 0 } else { rest / (thousands(unit) / 10) };
    let decimal = if decimal == 0 { String::new() } else { format!(".{decimal}") };
    format!("{sign}{whole}{decimal}{}", UNITS[unit])
}

/// The value of the unit at this place of [`UNITS`].
fn thousands(unit: usize) -> u64 {
    UNITS[..unit].iter().map(|_| 1000).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_numbers_say_what_was_reached() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1k"),
            (1099, "1k"),
            (1100, "1.1k"),
            (12_345, "12.3k"),
            (99_999, "99.9k"),
            (100_000, "100k"),
            (999_999, "999k"),
            (1_000_000, "1M"),
            (3_400_000_000, "3.4G"),
            (i64::MAX, "9.2E"),
            (-1500, "-1.5k"),
            (i64::MIN, "-9.2E"),
        ];
        for (number, expected) in cases {
            assert_eq!(metric(number), expected, "{number}");
        }
    }

    #[test]
    fn each_format_is_chosen_by_its_name() {
        let written: Vec<_> = NumberFormat::ALL.iter().map(|(name, format)| (*name, format.write(1234))).collect();
        let grouped = "1\u{202f}234".to_owned();
        let expected =
            [("grouped", grouped.clone()), ("plain", "1234".into()), ("metric", "1.2k".into()), ("today", grouped)];
        assert_eq!(written, expected);
        assert_eq!((today(Some(3), 1234), today(None, 5)), ("3 today / 1\u{202f}234".into(), "? today / 5".into()));
        assert_eq!("roman".parse::<NumberFormat>(), Err(()));
    }
}
