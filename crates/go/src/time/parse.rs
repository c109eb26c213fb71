//! Go's `time.Parse`.

use super::layout::{Field, Layout, MONTHS, Offset, Part, Shape, WEEK_DAYS};
use super::zone::Location;

/// A parsed time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The year; 0 where none was written.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    zone: Zone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Zone {
    /// None was written.
    None,
    Offset(i64),
    Name(String),
}

/// The text does not fit the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit;

/// Fields as they are found.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    afternoon: Option<bool>,
    zone: Option<Zone>,
}

impl Parsed {
    /// Nanoseconds since 1970; wraps beyond 64 bits, as in Go. A time without a zone, or with an abbreviation, is local time
    /// at `location`; without a location, it is UTC, whatever the abbreviation.
    pub fn unix_nanoseconds(&self, location: Option<&Location>) -> i64 {
        let days = days_from_civil(self.year, self.month, self.day);
        let reading = days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second;
        let unix = match (&self.zone, location) {
            (Zone::Offset(offset), _) => reading - offset,
            (Zone::None, Some(location)) => location.unix(reading),
            (Zone::Name(name), Some(location)) => reading - location.named_offset(name, reading).unwrap_or(0),
            (Zone::None | Zone::Name(_), None) => reading,
        };
        unix.wrapping_mul(1_000_000_000).wrapping_add(self.nanosecond)
    }
}

impl Layout {
    /// Parses a time: Go's `time.Parse`.
    ///
    /// # Errors
    ///
    /// The text does not fit the layout, or a field is out of range.
    pub fn parse(&self, text: &str) -> Result<Parsed, Unfit> {
        let (mut fields, mut rest) = (Fields::default(), text);
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => rest = skip(rest, text)?,
                Part::Field(field) => {
                    let next = match self.parts.get(index + 1) {
                        Some(Part::Field(next)) => Some(*next),
                        _ => self.parts[index + 1..].iter().find_map(|part| match part {
                            Part::Field(next) => Some(*next),
                            Part::Text(_) => None,
                        }),
                    };
                    rest = fields.read(*field, next, rest)?;
                }
            }
        }
        if rest.is_empty() { fields.finish() } else { Err(Unfit) }
    }
}

/// Text between fields must be there; a run of blanks fits any other, and none at the end.
fn skip<'t>(mut text: &'t str, mut prefix: &str) -> Result<&'t str, Unfit> {
    while let Some(c) = prefix.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(Unfit);
            }
            prefix = prefix.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            text = text.strip_prefix(c).ok_or(Unfit)?;
            prefix = &prefix[c.len_utf8()..];
        }
    }
    Ok(text)
}

impl Fields {
    /// Reads a field; gives the text behind it.
    fn read<'t>(&mut self, field: Field, next: Option<Field>, text: &'t str) -> Result<&'t str, Unfit> {
        let (value, rest) = match field {
            Field::Year => {
                let year = fixed(text, 2)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
                return Ok(&text[2..]);
            }
            Field::LongYear => {
                self.year = fixed(text, 4)?;
                return Ok(&text[4..]);
            }
            Field::Month => lookup(&MONTHS, Some(3), text)?,
            Field::LongMonth => lookup(&MONTHS, None, text)?,
            Field::WeekDay => return Ok(lookup(&WEEK_DAYS, Some(3), text)?.1),
            Field::LongWeekDay => return Ok(lookup(&WEEK_DAYS, None, text)?.1),
            Field::UnderDay => number(text.strip_prefix(' ').unwrap_or(text), 2, false)?,
            Field::UnderYearDay => {
                let text = text.strip_prefix(' ').unwrap_or(text);
                number(text.strip_prefix(' ').unwrap_or(text), 3, false)?
            }
            Field::ZeroYearDay => number(text, 3, true)?,
            Field::NumMonth | Field::Day | Field::Hour | Field::Hour12 | Field::Minute | Field::Second => {
                number(text, 2, false)?
            }
            Field::ZeroMonth | Field::ZeroDay | Field::ZeroHour12 | Field::ZeroMinute | Field::ZeroSecond => {
                number(text, 2, true)?
            }
            Field::UpperPm | Field::LowerPm => return self.half_day(field, text),
            Field::ZoneName => return self.zone_name(text),
            Field::Offset(offset) => return self.offset(offset, text),
            Field::Fraction { digits, .. } => {
                self.nanosecond = fraction(text.get(..=digits).ok_or(Unfit)?)?;
                return Ok(&text[1 + digits..]);
            }
            Field::TrimmedFraction { .. } => return self.optional_fraction(text),
        };
        match field {
            Field::Month | Field::LongMonth => self.month = Some(value + 1),
            Field::NumMonth | Field::ZeroMonth => self.month = Some(within(value, 1, 12)?),
            Field::UnderYearDay | Field::ZeroYearDay => self.year_day = Some(value),
            Field::Hour => self.hour = within(value, 0, 23)?,
            Field::Hour12 | Field::ZeroHour12 => self.hour = within(value, 0, 12)?,
            Field::Minute | Field::ZeroMinute => self.minute = within(value, 0, 59)?,
            Field::Second | Field::ZeroSecond => {
                self.second = within(value, 0, 59)?;
                // A fraction may follow where the layout has none.
                if !matches!(next, Some(Field::Fraction { .. } | Field::TrimmedFraction { .. })) {
                    return self.optional_fraction(rest);
                }
            }
            _ => self.day = Some(value),
        }
        Ok(rest)
    }

    fn optional_fraction<'t>(&mut self, text: &'t str) -> Result<&'t str, Unfit> {
        if !text.starts_with(['.', ',']) {
            return Ok(text);
        }
        let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            self.nanosecond = fraction(&text[..=digits])?;
            return Ok(&text[1 + digits..]);
        }
        Ok(text)
    }

    fn half_day<'t>(&mut self, field: Field, text: &'t str) -> Result<&'t str, Unfit> {
        let (morning, afternoon) = if field == Field::UpperPm { ("AM", "PM") } else { ("am", "pm") };
        self.afternoon = Some(text.starts_with(afternoon));
        text.strip_prefix(afternoon).or_else(|| text.strip_prefix(morning)).ok_or(Unfit)
    }

    fn zone_name<'t>(&mut self, text: &'t str) -> Result<&'t str, Unfit> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.zone = Some(Zone::Offset(0));
            return Ok(rest);
        }
        let (name, rest) = text.split_at(zone_length(text).ok_or(Unfit)?);
        // An offset that was written counts more than a name.
        if !matches!(self.zone, Some(Zone::Offset(_))) {
            self.zone = Some(Zone::Name(name.to_owned()));
        }
        Ok(rest)
    }

    fn offset<'t>(&mut self, offset: Offset, text: &'t str) -> Result<&'t str, Unfit> {
        if let Some(rest) = text.strip_prefix('Z').filter(|_| offset.iso) {
            self.zone = Some(Zone::Offset(0));
            return Ok(rest);
        }
        let count = match offset.shape {
            Shape::Hours => 1,
            Shape::Minutes => 2,
            Shape::Seconds => 3,
        };
        let negative = text.starts_with('-');
        let mut rest = text.strip_prefix(['-', '+']).ok_or(Unfit)?;
        let mut parts = [0; 3];
        for (index, part) in parts.iter_mut().take(count).enumerate() {
            if index > 0 && offset.colons {
                rest = rest.strip_prefix(':').ok_or(Unfit)?;
            }
            *part = within(fixed(rest, 2)?, 0, if index == 0 { 24 } else { 60 })?;
            rest = &rest[2..];
        }
        let seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
        self.zone = Some(Zone::Offset(if negative { -seconds } else { seconds }));
        Ok(rest)
    }

    fn finish(mut self) -> Result<Parsed, Unfit> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = match self.year_day {
            Some(year_day) => {
                let (month, day) = month_and_day(self.year, year_day)?;
                if self.month.is_some_and(|other| other != month) || self.day.is_some_and(|other| other != day) {
                    return Err(Unfit);
                }
                (month, day)
            }
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        if day < 1 || day > days_in(self.year, month) {
            return Err(Unfit);
        }
        let zone = self.zone.unwrap_or(Zone::None);
        let Self { year, hour, minute, second, nanosecond, .. } = self;
        Ok(Parsed { year, month, day, hour, minute, second, nanosecond, zone })
    }
}

fn within(value: i64, least: i64, most: i64) -> Result<i64, Unfit> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(Unfit) }
}

/// Exactly so many digits.
fn fixed(text: &str, digits: usize) -> Result<i64, Unfit> {
    let digits = text.get(..digits).ok_or(Unfit)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().map_err(|_| Unfit) } else { Err(Unfit) }
}

/// Up to so many digits; `all`: as many.
fn number(text: &str, most: usize, all: bool) -> Result<(i64, &str), Unfit> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (all && digits < most) {
        return Err(Unfit);
    }
    Ok((fixed(text, digits)?, &text[digits..]))
}

/// The index of the name that the text begins with, in capitals or not.
fn lookup<'t>(names: &[&str], cut: Option<usize>, text: &'t str) -> Result<(i64, &'t str), Unfit> {
    for (index, name) in (0..).zip(names) {
        let name = &name[..cut.unwrap_or(name.len())];
        if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Ok((index, &text[name.len()..]));
        }
    }
    Err(Unfit)
}

/// Nanoseconds of `.123`; digits beyond nine count nothing.
fn fraction(text: &str) -> Result<i64, Unfit> {
    let digits = text.strip_prefix(['.', ',']).ok_or(Unfit)?;
    let digits = &digits[..digits.len().min(9)];
    let value = fixed(digits, digits.len())?;
    Ok(value * 10_i64.pow(9 - digits.len() as u32))
}

/// The length of what looks like a zone's abbreviation.
fn zone_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_offset_length(rest));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_offset_length(text)).filter(|length| *length > 0);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        3 => Some(3),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        5 if text.as_bytes()[4] == b'T' => Some(5),
        _ => None,
    }
}

/// The length of `+3`, up to 23 hours.
fn signed_offset_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['+', '-']) else { return 0 };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest[..digits].parse::<u64>() {
        Ok(hours) if hours <= 23 => 1 + digits,
        _ => 0,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn month_and_day(year: i64, year_day: i64) -> Result<(i64, i64), Unfit> {
    let mut left = year_day;
    for month in 1..=12 {
        let days = days_in(year, month);
        if (1..=days).contains(&left) {
            return Ok((month, left));
        }
        left -= days;
    }
    Err(Unfit)
}

/// Days since 1970 of a date; a day beyond the month's end is one of the next month.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}
