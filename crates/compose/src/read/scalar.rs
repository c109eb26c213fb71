//! What a scalar means once the field that holds it is known.

use wharf_go::units::ram_in_bytes;
use wharf_yaml::{Kind, Scalar};

/// What a scalar means in a field of a known kind.
pub(crate) trait FieldValue {
    /// Whether the scalar is text and nothing else.
    fn is_text(&self) -> bool;

    /// Whether the scalar is written as a number.
    fn is_number(&self) -> bool;

    /// Whether the scalar is written as a number without a fraction.
    fn is_integer(&self) -> bool;

    /// The scalar as text, as in an environment variable: `0755` is `493`, `1e3` is `1000`, `"1e3"` is `1e3`.
    fn display(&self) -> String;

    /// An integer, also in quotes (decimal then).
    fn int(&self) -> Option<i64>;

    /// A finite number, also in quotes.
    fn number(&self) -> Option<f64>;

    /// A number of which the fraction does not count; in quotes an integer.
    fn whole(&self) -> Option<i64>;

    /// A boolean: `true`, `yes`, `on`, `y` and their opposites, in any case.
    fn bool(&self) -> Option<bool>;

    /// A size in bytes: a number, or text like `512m`, `1.5gb`, `2 GiB` (powers of 1024).
    fn bytes(&self) -> Option<i64>;

    /// A file mode: octal in quotes (`"0440"`) or with a leading zero; decimal otherwise.
    fn mode(&self) -> Option<u32>;
}

impl FieldValue for Scalar {
    fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }

    fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Int(_) | Kind::Float(_))
    }

    fn is_integer(&self) -> bool {
        matches!(self.kind, Kind::Int(_))
    }

    fn display(&self) -> String {
        match self.kind {
            Kind::Text => self.text.clone(),
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::UInt(value) => value.to_string(),
            Kind::Float(value) => float_text(value),
        }
    }

    fn int(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            Kind::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(value as i64),
            Kind::Text => self.text.parse().ok(),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self.kind {
            Kind::Int(value) => Some(value as f64),
            Kind::Float(value) => Some(value),
            Kind::Text => self.text.parse().ok(),
            _ => None,
        }
        .filter(|value| value.is_finite())
    }

    fn whole(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            Kind::Float(value) if value.is_finite() => Some(value as i64),
            Kind::Text => self.text.parse().ok(),
            _ => None,
        }
    }

    fn bool(&self) -> Option<bool> {
        match self.text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }

    fn bytes(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            Kind::Float(value) if value.fract() == 0.0 => Some(value as i64),
            Kind::Text => bytes(&self.text),
            _ => None,
        }
    }

    fn mode(&self) -> Option<u32> {
        match self.kind {
            Kind::Int(value) => u32::try_from(value).ok(),
            Kind::Text => u32::from_str_radix(&self.text, 8).ok(),
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

/// A size in bytes; a negative one has no unit.
fn bytes(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| ram_in_bytes(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::dialect::DIALECT;

    fn written(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), kind: DIALECT.kind(text).unwrap_or(Kind::Text), quoted: false }
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
}
