//! Layouts: `Mon Jan _2 15:04:05.000 MST 2006`.

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEK_DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A parsed layout: fields and the text between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub(super) parts: Vec<Part>,
    /// Whether the layout has a year.
    pub has_year: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(Offset),
    /// `.000`: as many digits as there are zeros. `comma`: written with a comma.
    Fraction {
        digits: usize,
        comma: bool,
    },
    /// `.999`: as many digits as there are nines, zeros at the end left out.
    TrimmedFraction {
        digits: usize,
        comma: bool,
    },
}

/// A numeric zone: `-0700`, `Z07:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` means no offset.
    pub(super) iso: bool,
    pub(super) colons: bool,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Hours,
    Minutes,
    Seconds,
}

/// Longer ones before those that begin alike.
const WORDS: [(&str, Field); 23] = [
    ("January", Field::LongMonth),
    ("Monday", Field::LongWeekDay),
    ("MST", Field::ZoneName),
    ("01", Field::ZeroMonth),
    ("02", Field::ZeroDay),
    ("03", Field::ZeroHour12),
    ("04", Field::ZeroMinute),
    ("05", Field::ZeroSecond),
    ("06", Field::Year),
    ("002", Field::ZeroYearDay),
    ("15", Field::Hour),
    ("1", Field::NumMonth),
    ("2006", Field::LongYear),
    ("2", Field::Day),
    ("__2", Field::UnderYearDay),
    ("_2", Field::UnderDay),
    ("3", Field::Hour12),
    ("4", Field::Minute),
    ("5", Field::Second),
    ("PM", Field::UpperPm),
    ("pm", Field::LowerPm),
    ("Jan", Field::Month),
    ("Mon", Field::WeekDay),
];

const OFFSETS: [(&str, Shape, bool); 5] = [
    ("070000", Shape::Seconds, false),
    ("07:00:00", Shape::Seconds, true),
    ("0700", Shape::Minutes, false),
    ("07:00", Shape::Minutes, true),
    ("07", Shape::Hours, false),
];

impl Layout {
    /// Parses a layout. Any text is one.
    pub fn new(layout: &str) -> Self {
        let (mut parts, mut text) = (Vec::new(), String::new());
        let mut rest = layout;
        while let Some(c) = rest.chars().next() {
            // `_2006` is a year behind a `_`.
            let field = if rest.starts_with("_2006") { None } else { field(rest) };
            match field {
                Some((field, length)) => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Field(field));
                    rest = &rest[length..];
                }
                None => {
                    text.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Self { parts, has_year: layout.contains("06") }
    }

    /// One of the layouts that have a name in Promtail's `format`.
    pub fn named(name: &str) -> Option<Self> {
        Some(Self::new(match name {
            "ANSIC" => "Mon Jan _2 15:04:05 2006",
            "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
            "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
            "RFC822" => "02 Jan 06 15:04 MST",
            "RFC822Z" => "02 Jan 06 15:04 -0700",
            "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
            "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
            "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
            "RFC3339" => "2006-01-02T15:04:05Z07:00",
            "RFC3339Nano" => "2006-01-02T15:04:05.999999999Z07:00",
            _ => return None,
        }))
    }
}

/// The field that a layout begins with, and its length.
fn field(layout: &str) -> Option<(Field, usize)> {
    let followed_by_small = |length: usize| layout[length..].starts_with(|c: char| c.is_ascii_lowercase());
    match layout.as_bytes()[0] {
        sign @ (b'-' | b'Z') => {
            let (text, shape, colons) = OFFSETS.iter().find(|(text, ..)| layout[1..].starts_with(text))?;
            let offset = Offset { iso: sign == b'Z', colons: *colons, shape: *shape };
            Some((Field::Offset(offset), text.len() + 1))
        }
        sign @ (b'.' | b',') => {
            let kind = layout[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
            let digits = layout[1..].chars().take_while(|c| *c == kind).count();
            if layout[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            let comma = sign == b',';
            let field =
                if kind == '0' { Field::Fraction { digits, comma } } else { Field::TrimmedFraction { digits, comma } };
            Some((field, digits + 1))
        }
        _ => {
            let (word, field) = WORDS.iter().find(|(word, _)| layout.starts_with(word))?;
            let cut_off = matches!(field, Field::Month | Field::WeekDay) && followed_by_small(word.len());
            (!cut_off).then_some((*field, word.len()))
        }
    }
}
