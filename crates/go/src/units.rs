//! Sizes and ages for people, by the rules of Docker's package `go-units`.

use std::fmt;

/// The text is not a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSize;

impl fmt::Display for InvalidSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a size: write a number of bytes, with a unit if you like (512KB, 8m, 1.5GiB)")
    }
}

impl std::error::Error for InvalidSize {}

/// Reads a number of bytes; units go by 1024, with or without an `i`: `512`, `8m`, `1.5 GiB`. Go's `units.RAMInBytes`.
///
/// # Errors
///
/// The text is not a size, or is larger than an `i64`.
pub fn ram_in_bytes(text: &str) -> Result<i64, InvalidSize> {
    parse_size(text, 1024)
}

/// Reads a number of bytes; units go by 1000: `8kB` is 8000. Go's `units.FromHumanSize`.
///
/// # Errors
///
/// The text is not a size, or is larger than an `i64`.
pub fn from_human_size(text: &str) -> Result<i64, InvalidSize> {
    parse_size(text, 1000)
}

fn parse_size(text: &str, base: u32) -> Result<i64, InvalidSize> {
    let unit_at = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ')).ok_or(InvalidSize)? + 1;
    let (number, unit) = text.split_at(unit_at);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let power = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return Err(InvalidSize),
    };
    let factor = i64::from(base).pow(power);
    // A whole number keeps all its digits.
    if let Ok(number) = number.parse::<u64>() {
        return i64::try_from(number).ok().and_then(|number| number.checked_mul(factor)).ok_or(InvalidSize);
    }
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(InvalidSize);
    }
    let size = number.parse::<f64>().map_err(|_| InvalidSize)? * factor as f64;
    if size < 9.2e18 { Ok(size as i64) } else { Err(InvalidSize) }
}

/// Bytes in units of 1000, with three significant digits, as docker writes transfers and images: `12.3MB`.
pub fn human_size(bytes: u64) -> String {
    scaled(bytes, 1000.0, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], 3)
}

/// Bytes in units of 1024, with four significant digits, as docker writes memory: `1.431MiB`. Go's `units.BytesSize`.
pub fn bytes_size(bytes: u64) -> String {
    scaled(bytes, 1024.0, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 4)
}

/// The largest unit that fits. Where rounding gives another digit, all of them are written, not an exponent.
fn scaled(bytes: u64, base: f64, units: [&str; 7], digits: usize) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let whole = if value < 1.0 { 1 } else { value.log10() as usize + 1 };
    let text = format!("{value:.*}", digits.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", units[unit])
}

/// A length of time in one unit: `About an hour`, `3 weeks`. Go's `units.HumanDuration`.
pub fn human_duration(seconds: i64) -> String {
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
    fn units_of_ram_go_by_1024() {
        for (text, size) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("256KB", 256 << 10),
            ("10m", 10 << 20),
            ("1.5 MiB", 3 << 19),
            ("2g", 2 << 30),
            ("1P", 1 << 50),
            ("9007199254740993", 9_007_199_254_740_993),
            ("12.7", 12),
            (".5k", 512),
        ] {
            assert_eq!(ram_in_bytes(text), Ok(size), "{text}");
        }
        for text in ["", "KB", "1x", "-1", "1bb", "1kbit", "1  k", "1.2.3", "8192p", "inf", "1e3k0x"] {
            assert_eq!(ram_in_bytes(text), Err(InvalidSize), "{text}");
        }
        assert_eq!(from_human_size("1.5kB"), Ok(1500));
    }

    #[test]
    fn sizes_have_as_many_digits_as_docker_writes() {
        assert_eq!([0, 999, 1000, 1234, 12_345_678].map(human_size), ["0B", "999B", "1kB", "1.23kB", "12.3MB"]);
        assert_eq!([0, 1024, 1_500_000, 8_361_066_496].map(bytes_size), ["0B", "1KiB", "1.431MiB", "7.787GiB"]);
        assert_eq!([human_size(u64::MAX), bytes_size(u64::MAX)], ["18.4EB", "16EiB"]);
    }

    #[test]
    fn lengths_of_time_have_one_unit() {
        let shown =
            [0, 1, 59, 60, 150, 3600, 5400, 172_800, 1_209_600, 5_184_000, 70_000_000].map(human_duration).join(";");
        let expected = "Less than a second;1 second;59 seconds;About a minute;2 minutes;About an hour;2 hours;2 days;2 weeks;\
                        2 months;2 years";
        assert_eq!(shown, expected);
    }
}
