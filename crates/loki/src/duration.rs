//! Durations as Prometheus and Loki write them.

use std::time::Duration;

use wharf_go::time::{DAY, WEEK, YEAR, parse_duration, parse_duration_with};

/// Reads Go's durations (`1m30s`, `1.5h`), and Prometheus' with whole days, weeks and years (`1d12h`). A year has 365 days.
///
/// `None`: the text is not a duration, or is negative.
pub fn parse(text: &str) -> Option<Duration> {
    let in_prometheus = || {
        let whole = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains('.');
        whole.then(|| parse_duration_with(text, &[DAY, WEEK, YEAR])).flatten()
    };
    let nanoseconds = parse_duration(text).or_else(in_prometheus)?;
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_years_are_added_to_gos_units() {
        assert_eq!(parse("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse("1d12h"), Some(Duration::from_secs(129_600)));
        assert_eq!(parse("1y2w"), Some(Duration::from_secs(32_745_600)));
        assert_eq!(parse("0"), Some(Duration::ZERO));
        for text in ["", "5", "-1s", "1x", "1.5d", "-1d", "d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
