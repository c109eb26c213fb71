//! Time zones.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time zone: Go's `time.Location`.
#[derive(Debug, Clone)]
pub struct Location {
    zone: TimeZone,
    /// Abbreviations that were ever in use there, each with its offset in seconds.
    names: Vec<(String, i64)>,
}

impl Location {
    /// A zone of the IANA database; the empty name is UTC.
    pub fn load(name: &str) -> Option<Self> {
        let zone = match name {
            "" | "UTC" => TimeZone::UTC,
            "Local" => TimeZone::system(),
            name => TimeZone::get(name).ok()?,
        };
        let mut names: Vec<(String, i64)> = Vec::new();
        let transitions = zone.preceding(Timestamp::MAX).take(400);
        for (name, offset) in transitions.map(|change| (change.abbreviation().to_owned(), change.offset().seconds())) {
            if !names.iter().any(|(other, _)| *other == name) {
                names.push((name, i64::from(offset)));
            }
        }
        if names.is_empty() {
            let info = zone.to_offset_info(Timestamp::UNIX_EPOCH);
            names.push((info.abbreviation().to_owned(), i64::from(info.offset().seconds())));
        }
        Some(Self { zone, names })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, names: vec![("UTC".to_owned(), 0)] }
    }

    /// Seconds since 1970 of a local time, which is given as if it were UTC. A local time that occurs twice, or never, is
    /// resolved as Go does.
    pub fn unix(&self, reading: i64) -> i64 {
        reading - self.offset(reading - self.offset(reading))
    }

    /// Seconds that local time is ahead of UTC.
    pub fn offset(&self, unix: i64) -> i64 {
        Timestamp::from_second(unix).map_or(0, |time| i64::from(self.zone.to_offset(time).seconds()))
    }

    /// The zone's abbreviation at that time.
    pub fn abbreviation(&self, unix: i64) -> String {
        let name = |time| self.zone.to_offset_info(time).abbreviation().to_owned();
        Timestamp::from_second(unix).map_or_else(|_| "UTC".to_owned(), name)
    }

    /// The offset of an abbreviation in this zone, for a local time.
    pub fn named_offset(&self, name: &str, reading: i64) -> Option<i64> {
        let known = |(other, _): &&(String, i64)| other == name;
        let in_effect = |(_, offset): &&(String, i64)| self.abbreviation(reading - offset) == name;
        let mut offsets = self.names.iter().filter(known);
        let first = offsets.clone().next()?;
        Some(offsets.find(in_effect).map_or(first.1, |(_, offset)| *offset))
    }
}
