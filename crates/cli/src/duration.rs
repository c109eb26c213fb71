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

/// How long ago, in one unit: `5 minutes ago`.
pub(crate) fn ago(then_seconds: i64) -> String {
    let seconds = now().0 / 1_000_000_000 - then_seconds;
    let of = |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        ..1 => "Less than a second ago".to_owned(),
        1..60 => of(seconds, "second"),
        60..3600 => of(seconds / 60, "minute"),
        3600..172_800 => of(seconds / 3600, "hour"),
        172_800..1_209_600 => of(seconds / 86_400, "day"),
        1_209_600..5_184_000 => of(seconds / 604_800, "week"),
        5_184_000..63_072_000 => of(seconds / 2_592_000, "month"),
        _ => of(seconds / 31_536_000, "year"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
