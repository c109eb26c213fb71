//! Lengths of time.

use std::str::FromStr;

use wharf_go::time::{DAY, WEEK, format_duration, parse_duration_with};

use super::text::serde_as_text;

/// A length of time; serializes as a Go duration (`1m30s`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub std::time::Duration);

impl std::fmt::Display for Duration {
    /// Writes the duration as Go does: `1h30m0s`, `1.5s`, `200ms`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format_duration(i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let nanoseconds = parse_duration_with(text, &[DAY, WEEK]).and_then(|length| u64::try_from(length).ok());
        let length = nanoseconds.map(std::time::Duration::from_nanos);
        length.map(Self).ok_or_else(|| NotADuration(text.to_owned()))
    }
}

/// A text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration")]
pub struct NotADuration(String);

serde_as_text!(Duration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go_with_days_and_weeks() {
        let seconds = |text: &str| text.parse::<Duration>().map(|value| value.0.as_secs_f64()).ok();
        assert_eq!(seconds("1m30s"), Some(90.0));
        assert_eq!(seconds("1.5h"), Some(5400.0));
        assert_eq!(seconds("1d"), Some(86400.0));
        assert_eq!(seconds("2w"), Some(1_209_600.0));
        assert_eq!(seconds("0"), Some(0.0));
        for text in ["30", "", "-1s", "99999999999999w"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
