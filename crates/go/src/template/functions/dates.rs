//! Functions with times. `Local` is UTC, as it mostly is in a container.

use super::super::failed::Failed;
use super::super::function::{Arguments, Call, Context, Function, Result, function};
use super::super::value::{Value, text};
use crate::time::{Layout, Location, format, format_duration, parse_duration};

const SECOND: i64 = 1_000_000_000;

const DATE_IN_ZONE: Call = |a, context| Ok(text(&formatted(a.text(0)?, &a[1], a.text(2)?, context)));
const DATE_MODIFY: Call = |a, _| match parse_duration(a.text(0)?) {
    Some(duration) => Ok(Value::Time(time(&a[1])?.wrapping_add(duration))),
    None => Ok(a[1].clone()),
};
const MUST_DATE_MODIFY: Call =
    |a, _| Ok(Value::Time(time(&a[1])?.wrapping_add(parse_duration(a.text(0)?).ok_or(Failed)?)));

pub(super) const FUNCTIONS: &[Function] = &[
    function("now", "", |_, context| Ok(Value::Time(context.now))),
    function("date", "sa", |a, context| Ok(text(&formatted(a.text(0)?, &a[1], "UTC", context)))),
    function("dateInZone", "sas", DATE_IN_ZONE),
    function("date_in_zone", "sas", DATE_IN_ZONE),
    function("htmlDate", "a", |a, context| Ok(text(&formatted("2006-01-02", &a[0], "UTC", context)))),
    function("htmlDateInZone", "as", |a, context| Ok(text(&formatted("2006-01-02", &a[0], a.text(1)?, context)))),
    function("dateModify", "st", DATE_MODIFY),
    function("date_modify", "st", DATE_MODIFY),
    function("mustDateModify", "st", MUST_DATE_MODIFY),
    function("must_date_modify", "st", MUST_DATE_MODIFY),
    function("toDate", "ss", |a, _| Ok(Value::Time(read(a.text(0)?, a.text(1)?).unwrap_or(ZERO_TIME)))),
    function("mustToDate", "ss", |a, _| read(a.text(0)?, a.text(1)?).map(Value::Time).ok_or(Failed)),
    function("unixEpoch", "t", |a, _| Ok(text(&time(&a[0])?.div_euclid(SECOND).to_string()))),
    function("ago", "a", |a, context| {
        let since = context.now.saturating_sub(instant(&a[0], context));
        Ok(text(&format_duration((since + SECOND / 2).div_euclid(SECOND) * SECOND)))
    }),
    function("duration", "a", |a, _| {
        let seconds = match &a[0] {
            Value::Text(text) => text.parse().unwrap_or(0),
            Value::Int64(seconds) => *seconds,
            _ => 0_i64,
        };
        Ok(text(&format_duration(seconds.wrapping_mul(SECOND))))
    }),
    function("durationRound", "a", |a, context| {
        let duration = match &a[0] {
            Value::Text(text) => parse_duration(text).unwrap_or(0),
            Value::Int64(duration) => *duration,
            Value::Time(time) => context.now.saturating_sub(*time),
            _ => 0,
        };
        Ok(text(&rounded(duration)))
    }),
];

/// What Go's zero time (the first of January of the year 1) wraps to.
const ZERO_TIME: i64 = -6_795_364_578_871_345_152;

fn time(value: &Value) -> Result<i64> {
    match value {
        Value::Time(time) => Ok(*time),
        _ => Err(Failed),
    }
}

/// A time, or seconds since 1970; anything else is now.
fn instant(value: &Value, context: &Context<'_>) -> i64 {
    match value {
        Value::Time(time) => *time,
        Value::Int(seconds) | Value::Int64(seconds) => seconds.wrapping_mul(SECOND),
        _ => context.now,
    }
}

fn read(layout: &str, text: &str) -> Option<i64> {
    Some(Layout::new(layout).parse(text).ok()?.unix_nanoseconds(None))
}

fn formatted(layout: &str, value: &Value, zone: &str, context: &Context<'_>) -> String {
    let location = if zone == "Local" { None } else { Location::load(zone) };
    format(&Layout::new(layout), instant(value, context), &location.unwrap_or_else(Location::utc))
}

/// The largest unit alone: `3d`, `5mo`.
fn rounded(duration: i64) -> String {
    let size = duration.unsigned_abs();
    let second = SECOND.unsigned_abs();
    let hour = 3600 * second;
    let units = [
        (hour * 24 * 365, "y"),
        (hour * 24 * 30, "mo"),
        (hour * 24, "d"),
        (hour, "h"),
        (60 * second, "m"),
        (second, "s"),
    ];
    let unit = units.into_iter().find(|(unit, _)| size > *unit);
    unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit))
}

/// A method of a time: `now.Unix`, `now.Format "2006"`.
pub(in super::super) fn time_method(time: i64, name: &str, arguments: &[Value]) -> Result<Value> {
    let show = |layout: &str| format(&Layout::new(layout), time, &Location::utc());
    let number = |layout: &str| show(layout).parse().map(Value::Int).map_err(|_| Failed);
    match (name, arguments) {
        ("Format", [Value::Text(layout)]) => Ok(text(&show(layout))),
        (_, [_, ..]) => Err(Failed),
        ("Unix", []) => Ok(Value::Int64(time.div_euclid(SECOND))),
        ("UnixMilli", []) => Ok(Value::Int64(time.div_euclid(1_000_000))),
        ("UnixMicro", []) => Ok(Value::Int64(time.div_euclid(1_000))),
        ("UnixNano", []) => Ok(Value::Int64(time)),
        ("UTC" | "Local", []) => Ok(Value::Time(time)),
        ("Year", []) => number("2006"),
        ("Day", []) => number("2"),
        ("Hour", []) => number("15"),
        ("Minute", []) => number("4"),
        ("Second", []) => number("5"),
        ("Nanosecond", []) => Ok(Value::Int(time.rem_euclid(SECOND))),
        ("YearDay", []) => number("002"),
        ("Month", []) => Ok(text(&show("January"))),
        ("Weekday", []) => Ok(text(&show("Monday"))),
        ("String", []) => Ok(text(&show("2006-01-02 15:04:05.999999999 -0700 MST"))),
        _ => Err(Failed),
    }
}
