//! The time zone that a page is asked for: `?tz=Europe/Berlin`.

use jiff::tz::TimeZone;

/// The longest name that is looked up, in bytes. The longest that exists has 32.
const LONGEST: usize = 40;

/// Names that the form offers. It takes every other one, too.
pub(crate) const NAMES: [&str; 42] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Kathmandu",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

/// The time zone of a page, and what was asked for where there is none of that name.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) zone: TimeZone,
    pub(crate) name: String,
    /// The name that no zone has, as far as it is repeated. The page then shows UTC.
    pub(crate) unknown: Option<String>,
}

impl Zone {
    /// The zone with this name; UTC if none is named.
    pub(crate) fn named(name: Option<&str>) -> Self {
        let utc = |unknown| Self { zone: TimeZone::UTC, name: "UTC".to_owned(), unknown };
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("UTC"))
        else {
            return utc(None);
        };
        let found = (name.len() <= LONGEST).then(|| TimeZone::get(name).ok()).flatten();
        match found.as_ref().and_then(|zone| zone.iana_name()).map(str::to_owned) {
            Some(name) => Self { zone: found.unwrap_or(TimeZone::UTC), name, unknown: None },
            None => utc(Some(name.chars().take(LONGEST).collect())),
        }
    }

    /// The name as a value in a query.
    pub(crate) fn in_query(&self) -> String {
        self.name.replace('+', "%2B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_offered_is_that_of_a_zone() {
        for name in NAMES {
            let zone = Zone::named(Some(name));
            assert_eq!((zone.name.as_str(), zone.unknown), (name, None));
        }
    }

    #[test]
    fn without_a_name_it_is_utc_and_an_unknown_name_is_repeated_in_part() {
        assert_eq!(Zone::named(None).name, "UTC");
        assert_eq!(Zone::named(Some(" ")).unknown, None);
        assert_eq!(Zone::named(Some("europe/berlin")).name, "Europe/Berlin");
        for name in ["Mars/Phobos", "../../etc/passwd", "<b>"] {
            let zone = Zone::named(Some(name));
            assert_eq!((zone.name.as_str(), zone.unknown.as_deref()), ("UTC", Some(name)));
        }
        let long = Zone::named(Some(&"x".repeat(5000)));
        assert_eq!(long.unknown.map(|name| name.len()), Some(LONGEST));
    }
}
