//! Durations and sizes as configuration files write them.

use std::time::Duration;

use wharf_go::time::parse_duration;

/// Go's durations (`1m30s`, `500ms`), and Prometheus' days, weeks and years (`1d`).
pub fn duration(text: &str) -> Option<Duration> {
    if let Some(nanoseconds) = parse_duration(text) {
        return u64::try_from(nanoseconds).ok().map(Duration::from_nanos);
    }
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let milliseconds: u64 = match &after[..unit] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(milliseconds)?)?;
        rest = &after[unit..];
    }
    (!text.is_empty()).then(|| Duration::from_millis(sum))
}

/// A number of bytes with an optional unit: `256KB`, `1MB`, `10m`, all by 1024.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let factor: u64 = match text[digits..].trim() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    match text[..digits].parse::<u64>() {
        Ok(number) => number.checked_mul(factor),
        Err(_) => {
            let number = text[..digits].parse::<f64>().ok()? * factor as f64;
            (number < 1e18).then_some(number as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_and_of_prometheus_are_read() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("1d12h"), Some(Duration::from_secs(129_600)));
        assert_eq!(duration("0"), Some(Duration::ZERO));
        for text in ["", "5", "-1s", "1x"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_by_1024() {
        assert_eq!(bytes("1048576"), Some(1 << 20));
        assert_eq!(bytes("256KB"), Some(256 << 10));
        assert_eq!(bytes("10m"), Some(10 << 20));
        assert_eq!(bytes("1.5 MiB"), Some(3 << 19));
        for text in ["", "KB", "1x", "-1"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
