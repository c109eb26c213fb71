//! `1h30m0.5s`.

const SECOND: u64 = 1_000_000_000;

/// Go's `time.ParseDuration`, in nanoseconds: `1h30m`, `-1.5s`, `200ms`, `0`.
///
/// `None`: the text is not a duration, or is longer than an `i64` of nanoseconds (292 years).
pub fn parse_duration(text: &str) -> Option<i64> {
    parse_duration_with(text, &[])
}

/// The units that Go does not have and other programs add, in nanoseconds.
pub const DAY: (&str, u64) = ("d", 24 * 3600 * SECOND);
/// See [`DAY`].
pub const WEEK: (&str, u64) = ("w", 7 * 24 * 3600 * SECOND);
/// 365 days, as Prometheus has it. See [`DAY`].
pub const YEAR: (&str, u64) = ("y", 365 * 24 * 3600 * SECOND);

/// As [`parse_duration`], with further units: [`DAY`], [`WEEK`] and [`YEAR`] where a program has them.
pub fn parse_duration_with(text: &str, further: &[(&str, u64)]) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let unit = unit(&after[..end], further)?;
        rest = &after[end..];
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut part = whole.checked_mul(unit)?;
        if !fraction.is_empty() {
            // Digits beyond what 64 bits hold carry no weight.
            let kept = &fraction[..fraction.len().min(18)];
            let scale = 10_f64.powi(kept.len() as i32);
            part = part.checked_add((kept.parse::<u64>().ok()? as f64 * (unit as f64 / scale)) as u64)?;
        }
        total = total.checked_add(part)?;
        if total > 1 << 63 {
            return None;
        }
    }
    if negative { 0_i64.checked_sub_unsigned(total) } else { total.try_into().ok() }
}

fn unit(name: &str, further: &[(&str, u64)]) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        name => return further.iter().find(|(other, _)| *other == name).map(|(_, nanoseconds)| *nanoseconds),
    })
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Go's `Duration.String`: `1h0m5.5s`, `1.5ms`, `0s`.
pub fn format_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let left = nanoseconds.unsigned_abs();
    if left < SECOND {
        let (unit, digits) = match left {
            0 => return "0s".to_owned(),
            1..1_000 => ("ns", 0),
            1_000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", decimal(left, digits));
    }
    let (minutes, below) = (left / (60 * SECOND), left % (60 * SECOND));
    let seconds = decimal(below, 9);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// A number whose last `places` digits are behind the point; zeros at the end left out.
fn decimal(number: u64, places: u32) -> String {
    let scale = 10_u64.pow(places);
    let (whole, fraction) = (number / scale, number % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let fraction = format!("{fraction:0width$}", width = places as usize);
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}
