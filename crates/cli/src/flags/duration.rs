//! Times as people write and read them on the command line.

use std::time::Duration;

use wharf_docker::events::{Moment, parse_time};

/// Parses `--since` and `--until`: a time (RFC 3339, or seconds since 1970), or a length of time before `now` (`10m`).
pub(crate) fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Some(moment) = parse_time(text) {
        return Ok(moment);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(Moment((seconds * 1e9) as i64));
    }
    let zoned = format!("{text}Z");
    if let Some(moment) = parse_time(&zoned).or_else(|| parse_time(&format!("{text}T00:00:00Z"))) {
        return Ok(moment);
    }
    match parse_length(text) {
        Some(length) => Ok(Moment(now().0.saturating_sub(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)))),
        None => Err("use a time (2026-01-31T12:00:00Z) or a length of time before now (10m, 1h30m)".to_owned()),
    }
}

/// Now, by this machine's clock.
pub(crate) fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// `1h30m`, `90s`, `1.5h`, `200ms`: as Go writes durations.
fn parse_length(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let number_end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..number_end].parse().ok()?;
        rest = &rest[number_end..];
        let unit_end = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..unit_end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(total).ok().filter(|_| !text.is_empty())
}

/// How long ago, in one unit, as the docker command says it: `About an hour ago`.
pub(crate) fn ago(then_seconds: i64) -> String {
    format!("{} ago", length(now().0 / 1_000_000_000 - then_seconds))
}

fn length(seconds: i64) -> String {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    match seconds {
        ..1 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..HOUR => format!("{} minutes", seconds / 60),
        // To the nearest hour.
        HOUR..5400 => "About an hour".to_owned(),
        5400..172_800 => format!("{} hours", (seconds + HOUR / 2) / HOUR),
        172_800..1_209_600 => format!("{} days", seconds / DAY),
        1_209_600..5_184_000 => format!("{} weeks", seconds / (7 * DAY)),
        5_184_000..63_072_000 => format!("{} months", seconds / (30 * DAY)),
        _ => format!("{} years", seconds / (365 * DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_the_docker_command_tells_them() {
        let told = [0, 1, 59, 60, 150, 3600, 5400, 172_800, 1_209_600, 5_184_000, 70_000_000].map(length);
        let expected = "Less than a second;1 second;59 seconds;About a minute;2 minutes;About an hour;2 hours;2 days;2 weeks;\
                        2 months;2 years";
        assert_eq!(told.join(";"), expected);
    }

    #[test]
    fn moments_are_times_or_lengths_before_now() {
        assert_eq!(parse_moment("1970-01-01T00:00:01Z"), Ok(Moment(1_000_000_000)));
        assert_eq!(parse_moment("1970-01-02"), Ok(Moment(86_400_000_000_000)));
        assert_eq!(parse_moment("12.5"), Ok(Moment(12_500_000_000)));
        let ten_minutes_ago = parse_moment("10m").unwrap();
        assert!((now().0 - ten_minutes_ago.0 - 600_000_000_000).abs() < 1_000_000_000);
        assert!(parse_moment("soon").is_err());
    }
}
