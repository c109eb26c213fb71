//! Go's `Time.Format`.

use std::fmt::Write;

use super::layout::{Field, Layout, MONTHS, Offset, Part, Shape, WEEK_DAYS};
use super::parse::days_from_civil;
use super::zone::Location;

/// Formats a time (nanoseconds since 1970) in a time zone.
pub fn format(layout: &Layout, nanoseconds: i64, location: &Location) -> String {
    let (unix, nanosecond) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    let offset = location.offset(unix);
    let reading = unix + offset;
    let (days, second_of_day) = (reading.div_euclid(86_400), reading.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    let year_day = days - days_from_civil(year, 1, 1) + 1;
    let half_hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    let month_name = MONTHS[(month - 1) as usize];
    let week_day = WEEK_DAYS[(days + 4).rem_euclid(7) as usize];
    let mut out = String::new();
    for part in &layout.parts {
        let field = match part {
            Part::Text(text) => {
                out.push_str(text);
                continue;
            }
            Part::Field(field) => *field,
        };
        // Writing to a text does not fail.
        let _ = match field {
            Field::LongMonth => write!(out, "{month_name}"),
            Field::Month => write!(out, "{}", &month_name[..3]),
            Field::NumMonth => write!(out, "{month}"),
            Field::ZeroMonth => write!(out, "{month:02}"),
            Field::LongWeekDay => write!(out, "{week_day}"),
            Field::WeekDay => write!(out, "{}", &week_day[..3]),
            Field::Day => write!(out, "{day}"),
            Field::UnderDay => write!(out, "{day:2}"),
            Field::ZeroDay => write!(out, "{day:02}"),
            Field::UnderYearDay => write!(out, "{year_day:3}"),
            Field::ZeroYearDay => write!(out, "{year_day:03}"),
            Field::Hour => write!(out, "{hour:02}"),
            Field::Hour12 => write!(out, "{half_hour}"),
            Field::ZeroHour12 => write!(out, "{half_hour:02}"),
            Field::Minute => write!(out, "{minute}"),
            Field::ZeroMinute => write!(out, "{minute:02}"),
            Field::Second => write!(out, "{second}"),
            Field::ZeroSecond => write!(out, "{second:02}"),
            Field::LongYear => write!(out, "{year:04}"),
            Field::Year => write!(out, "{:02}", year.rem_euclid(100)),
            Field::UpperPm => write!(out, "{}", if hour >= 12 { "PM" } else { "AM" }),
            Field::LowerPm => write!(out, "{}", if hour >= 12 { "pm" } else { "am" }),
            Field::ZoneName => write!(out, "{}", location.abbreviation(unix)),
            Field::Offset(shape) => write!(out, "{}", zone(shape, offset)),
            Field::Fraction { digits, comma } => write!(out, "{}", fraction(nanosecond, digits, comma, false)),
            Field::TrimmedFraction { digits, comma } => write!(out, "{}", fraction(nanosecond, digits, comma, true)),
        };
    }
    out
}

fn zone(shape: Offset, offset: i64) -> String {
    if shape.iso && offset == 0 {
        return "Z".to_owned();
    }
    let left = offset.abs();
    let colon = if shape.colons { ":" } else { "" };
    let mut out = format!("{}{:02}", if offset < 0 { '-' } else { '+' }, left / 3600);
    if shape.shape != Shape::Hours {
        out += &format!("{colon}{:02}", left / 60 % 60);
    }
    if shape.shape == Shape::Seconds {
        out += &format!("{colon}{:02}", left % 60);
    }
    out
}

fn fraction(nanosecond: i64, digits: usize, comma: bool, trimmed: bool) -> String {
    let all = format!("{nanosecond:09}");
    let mut kept = all[..digits.min(9)].to_owned();
    kept.extend(std::iter::repeat_n('0', digits.saturating_sub(9)));
    let kept = if trimmed { kept.trim_end_matches('0') } else { &kept };
    let sign = if comma { ',' } else { '.' };
    if trimmed && kept.is_empty() { String::new() } else { format!("{sign}{kept}") }
}

/// Year, month and day of a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}
