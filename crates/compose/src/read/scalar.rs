//! What a scalar's text means, once the field that holds it is known.
//!
//! Compose files are neither YAML 1.1 nor 1.2: `0440` is octal, `yes` is text (and true where a boolean belongs),
//! `22:22` is text. See `docs/decisions/`.

use crate::read::node::Scalar;

/// What a plain (unquoted) scalar is when nothing else is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
}

/// Resolves a plain scalar: YAML's core schema, octal numbers with a leading zero, and `_` between digits.
pub(crate) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Plain::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Plain::Text;
    }
    let digits = text.replace('_', "");
    if let Some(number) = integer(&digits) {
        return Plain::Int(number);
    }
    if is_float(&digits)
        && let Ok(number) = digits.parse()
    {
        return Plain::Float(number);
    }
    Plain::Text
}

/// An integer with an optional sign and the prefixes `0x`, `0o`, `0b` or `0` (octal).
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -number } else { number }).ok()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

impl Scalar {
    fn plain(&self) -> Plain {
        if self.quoted { Plain::Text } else { plain(&self.text) }
    }

    /// Whether the scalar is text and nothing else.
    pub(crate) fn is_text(&self) -> bool {
        self.plain() == Plain::Text
    }

    /// Whether the scalar is written as a number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.plain(), Plain::Int(_) | Plain::Float(_))
    }

    /// Whether the scalar is written as a number without a fraction.
    pub(crate) fn is_integer(&self) -> bool {
        matches!(self.plain(), Plain::Int(_))
    }

    /// The scalar as text, as in an environment variable: `0755` is `493`, `1e3` is `1000`, `"1e3"` is `1e3`.
    pub(crate) fn display(&self) -> String {
        match self.plain() {
            Plain::Text | Plain::Null => self.text.clone(),
            Plain::Bool(value) => value.to_string(),
            Plain::Int(value) => value.to_string(),
            Plain::Float(value) => float_text(value),
        }
    }

    /// An integer, also in quotes (decimal then).
    pub(crate) fn int(&self) -> Option<i64> {
        match self.plain() {
            Plain::Int(value) => Some(value),
            Plain::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(value as i64),
            Plain::Text => self.text.parse().ok(),
            _ => None,
        }
    }

    /// A finite number, also in quotes.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.plain() {
            Plain::Int(value) => Some(value as f64),
            Plain::Float(value) => Some(value),
            Plain::Text => self.text.parse().ok(),
            _ => None,
        }
        .filter(|value| value.is_finite())
    }

    /// A number of which the fraction does not count; in quotes an integer.
    pub(crate) fn whole(&self) -> Option<i64> {
        match self.plain() {
            Plain::Int(value) => Some(value),
            Plain::Float(value) if value.is_finite() => Some(value as i64),
            Plain::Text => self.text.parse().ok(),
            _ => None,
        }
    }

    /// A boolean: `true`, `yes`, `on`, `y` and their opposites, in any case.
    pub(crate) fn bool(&self) -> Option<bool> {
        match self.text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }

    /// A size in bytes: a number, or text like `512m`, `1.5gb`, `2 GiB` (powers of 1024).
    pub(crate) fn bytes(&self) -> Option<i64> {
        match self.plain() {
            Plain::Int(value) => Some(value),
            Plain::Float(value) if value.fract() == 0.0 => Some(value as i64),
            Plain::Text => bytes(&self.text),
            _ => None,
        }
    }

    /// A file mode: octal in quotes (`"0440"`) or with a leading zero; decimal otherwise.
    pub(crate) fn mode(&self) -> Option<u32> {
        match self.plain() {
            Plain::Int(value) => u32::try_from(value).ok(),
            Plain::Text => u32::from_str_radix(&self.text, 8).ok(),
            _ => None,
        }
    }
}

/// The shortest decimal text of a number; exponents from 1e21 up and below 1e-4.
fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |digits| ("-", digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{value}")
}

/// Reads a size in bytes, with a unit or without.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let split = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')? + 1;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.trim_end_matches(' ').parse().ok()?;
    let unit = unit.to_ascii_lowercase();
    let power = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    let value = number * 1024_f64.powi(power);
    (0.0..9.2e18).contains(&value).then_some(value as i64)
}

/// Reads a duration: `1m30s`, `1.5h`, `200ms`, `1d`, `2w`; `0` needs no unit.
pub(crate) fn duration(text: &str) -> Option<std::time::Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(std::time::Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos = 0u128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let (unit, tail) = unit(tail)?;
        nanos = nanos.checked_add(scaled(number, unit)?)?;
        rest = tail;
    }
    let nanos = u64::try_from(nanos).ok().filter(|nanos| *nanos <= i64::MAX as u64)?;
    Some(std::time::Duration::from_nanos(nanos))
}

/// The unit that `text` starts with, in nanoseconds, and what follows.
fn unit(text: &str) -> Option<(u128, &str)> {
    const UNITS: [(&str, u128); 10] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
        ("w", 604_800_000_000_000),
    ];
    UNITS.iter().find_map(|(name, nanos)| text.strip_prefix(name).map(|tail| (*nanos, tail)))
}

fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let mut nanos = if whole.is_empty() { 0 } else { whole.parse::<u128>().ok()?.checked_mul(unit)? };
    let mut scale = unit;
    for digit in fraction.bytes() {
        scale /= 10;
        nanos = nanos.checked_add(scale * u128::from(digit - b'0'))?;
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), quoted: false }
    }

    #[test]
    fn plain_scalars_mean_what_they_mean_in_compose() {
        assert_eq!(plain("yes"), Plain::Text);
        assert_eq!(plain("22:22"), Plain::Text);
        assert_eq!(plain("0755"), Plain::Int(0o755));
        assert_eq!(plain("0o17"), Plain::Int(15));
        assert_eq!(plain("0x1F"), Plain::Int(31));
        assert_eq!(plain("1_000"), Plain::Int(1000));
        assert_eq!(plain("08"), Plain::Float(8.0));
        assert_eq!(plain("1e3"), Plain::Float(1000.0));
        assert_eq!(plain("1.2.3"), Plain::Text);
        assert_eq!(plain("-"), Plain::Text);
        assert_eq!(plain("."), Plain::Text);
        assert_eq!(plain("~"), Plain::Null);
    }

    #[test]
    fn numbers_become_text_as_compose_writes_them() {
        assert_eq!(written("0755").display(), "493");
        assert_eq!(written("1e3").display(), "1000");
        assert_eq!(written("1.50").display(), "1.5");
        assert_eq!(written("1e30").display(), "1e+30");
        assert_eq!(written("True").display(), "true");
        assert_eq!(written("yes").display(), "yes");
    }

    #[test]
    fn sizes_have_units_of_1024() {
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("1.5g"), Some(3 << 29));
        assert_eq!(bytes("2 GiB"), Some(2 << 30));
        assert_eq!(bytes("-1"), Some(-1));
        assert_eq!(bytes("12x"), None);
        assert_eq!(bytes("m"), None);
    }

    #[test]
    fn durations_add_their_parts_up() {
        let seconds = |text| duration(text).map(|value| value.as_secs_f64());
        assert_eq!(seconds("1m30s"), Some(90.0));
        assert_eq!(seconds("1.5h"), Some(5400.0));
        assert_eq!(seconds("1d"), Some(86400.0));
        assert_eq!(seconds("0"), Some(0.0));
        assert_eq!(seconds("30"), None);
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("99999999999999w"), None);
    }
}
