//! Lengths of time.

use std::str::FromStr;

use super::text::serde_as_text;

/// A length of time; serializes as a Go duration (`1m30s`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub std::time::Duration);

impl std::fmt::Display for Duration {
    /// Writes the duration as Go does: `1h30m0s`, `1.5s`, `200ms`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = self.0.as_nanos();
        let fraction = |f: &mut std::fmt::Formatter<'_>, value: u128, unit: u128, name: &str| {
            let (whole, rest) = (value / unit, value % unit);
            write!(f, "{whole}")?;
            if rest > 0 {
                let width = unit.ilog10() as usize;
                let digits = format!("{rest:0width$}");
                write!(f, ".{}", digits.trim_end_matches('0'))?;
            }
            f.write_str(name)
        };
        match nanos {
            0 => f.write_str("0s"),
            1..=999 => write!(f, "{nanos}ns"),
            1_000..=999_999 => fraction(f, nanos, 1_000, "µs"),
            1_000_000..=999_999_999 => fraction(f, nanos, 1_000_000, "ms"),
            _ => {
                let seconds = nanos / 1_000_000_000;
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if seconds >= 60 {
                    write!(f, "{minutes}m")?;
                }
                fraction(f, nanos % 60_000_000_000, 1_000_000_000, "s")
            }
        }
    }
}

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::read::scalar::duration(text).map(Self).ok_or_else(|| NotADuration(text.to_owned()))
    }
}

/// A text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration")]
pub struct NotADuration(String);

serde_as_text!(Duration);
