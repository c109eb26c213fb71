//! Times by the engine's clock.

use bollard::models::BollardDate;

/// A time by the engine's clock, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Parses the RFC 3339 times that the engine writes, with up to nine decimals. `None` for what it writes of something
    /// that has not happened: the year 1.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let time: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok().map(Timestamp)
    }

    /// Seconds since 1970.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl std::fmt::Display for Timestamp {
    /// Seconds and nanoseconds, as the Engine API's `since` takes them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:09}", self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000))
    }
}

/// A time that the client has parsed.
pub(crate) fn timestamp(date: &BollardDate) -> Option<Timestamp> {
    i64::try_from(date.unix_timestamp_nanos()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_api_takes_them() {
        assert_eq!(Timestamp(1_700_000_000_000_000_042).to_string(), "1700000000.000000042");
        assert_eq!(Timestamp::parse("2023-11-14T22:13:20.000000042Z"), Some(Timestamp(1_700_000_000_000_000_042)));
    }

    #[test]
    fn the_year_1_is_no_time() {
        assert_eq!(Timestamp::parse("0001-01-01T00:00:00Z"), None);
    }
}
