//! Times as people write and read them on the command line.

use wharf_docker::Timestamp;
use wharf_go::time::parse_duration;
use wharf_go::units::human_duration;

/// Parses `--since` and `--until`: a time (RFC 3339, or seconds since 1970), or a length of time before `now` (`10m`).
pub(crate) fn parse_moment(text: &str) -> Result<Timestamp, String> {
    if let Some(moment) = Timestamp::parse(text) {
        return Ok(moment);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(Timestamp((seconds * 1e9) as i64));
    }
    let zoned = format!("{text}Z");
    if let Some(moment) = Timestamp::parse(&zoned).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z"))) {
        return Ok(moment);
    }
    match parse_duration(text).filter(|duration| *duration >= 0) {
        Some(duration) => Ok(Timestamp(now().0.saturating_sub(duration))),
        None => Err("use a time (2026-01-31T12:00:00Z) or a length of time before now (10m, 1h30m)".to_owned()),
    }
}

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// How long ago, in one unit, as the docker command says it: `About an hour ago`.
pub(crate) fn ago(then_seconds: i64) -> String {
    format!("{} ago", human_duration(now().0 / 1_000_000_000 - then_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_times_or_lengths_before_now() {
        assert_eq!(parse_moment("1970-01-01T00:00:01Z"), Ok(Timestamp(1_000_000_000)));
        assert_eq!(parse_moment("1970-01-02"), Ok(Timestamp(86_400_000_000_000)));
        assert_eq!(parse_moment("12.5"), Ok(Timestamp(12_500_000_000)));
        let ten_minutes_ago = parse_moment("10m").unwrap();
        assert!((now().0 - ten_minutes_ago.0 - 600_000_000_000).abs() < 1_000_000_000);
        let a_while_ago = parse_moment("1h0.5s").unwrap();
        assert!((now().0 - a_while_ago.0 - 3_600_500_000_000).abs() < 1_000_000_000);
        for wrong in ["soon", "-10m", "10x", ""] {
            assert!(parse_moment(wrong).is_err(), "{wrong}");
        }
    }
}
