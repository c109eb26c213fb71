//! What a program takes YAML for.

/// What a scalar is when nothing else is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond [`i64`], where the dialect has these.
    UInt(u64),
    /// Another number.
    Float(f64),
    /// Everything else, and what is quoted.
    Text,
}

/// How a program reads YAML, where programs differ. The default is YAML's core schema with octal numbers that begin with
/// `0`, and with `_` between digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dialect {
    /// Which words are booleans.
    pub booleans: Booleans,
    /// What whole numbers beyond [`i64`] are.
    pub large_integers: LargeIntegers,
    /// What a key may be.
    pub keys: Keys,
    /// Whether a mapping may have several merge keys (`<<`); otherwise the second one is a duplicate key.
    pub several_merge_keys: bool,
    /// Local tags that nodes keep, at most 255: [`Tag`](crate::Tag) has the position in this list.
    pub tags: &'static [&'static str],
}

/// Which words are booleans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Booleans {
    /// `true` and `false` (YAML 1.2).
    #[default]
    Core,
    /// `yes`, `on`, `y` and their opposites, too (YAML 1.1).
    Words,
}

/// What whole numbers beyond [`i64`] are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LargeIntegers {
    /// Floating-point numbers.
    #[default]
    Float,
    /// [`Kind::UInt`], as far as 64 bits reach.
    UInt,
}

/// What a key may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keys {
    /// Text; a number or a boolean has to be in quotes.
    #[default]
    Text,
    /// Any scalar, whose text is the key: `80:` is `"80":`.
    AnyScalar,
}

impl Dialect {
    /// What a plain (unquoted) scalar is; `None`: null.
    ///
    /// ```
    /// use wharf_yaml::{Booleans, Dialect, Kind};
    ///
    /// let core = Dialect::default();
    /// assert_eq!((core.kind("yes"), core.kind("0755"), core.kind("~")), (Some(Kind::Text), Some(Kind::Int(0o755)), None));
    /// let words = Dialect { booleans: Booleans::Words, ..core };
    /// assert_eq!(words.kind("yes"), Some(Kind::Bool(true)));
    /// ```
    pub fn kind(&self, text: &str) -> Option<Kind> {
        Some(match text {
            "" | "~" | "null" | "Null" | "NULL" => return None,
            "true" | "True" | "TRUE" => Kind::Bool(true),
            "false" | "False" | "FALSE" => Kind::Bool(false),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Kind::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Kind::Float(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => Kind::Float(f64::NAN),
            _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => self.number(text),
            _ if self.booleans == Booleans::Words => word(text),
            _ => Kind::Text,
        })
    }

    fn number(&self, text: &str) -> Kind {
        let digits = text.replace('_', "");
        if let Some(number) = integer(&digits) {
            if let Ok(number) = i64::try_from(number) {
                return Kind::Int(number);
            }
            if let (LargeIntegers::UInt, Ok(number)) = (self.large_integers, u64::try_from(number)) {
                return Kind::UInt(number);
            }
        }
        match digits.parse() {
            Ok(number) if is_float(&digits) => Kind::Float(number),
            _ => Kind::Text,
        }
    }
}

fn word(text: &str) -> Kind {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Kind::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Kind::Bool(false),
        _ => Kind::Text,
    }
}

/// An integer with an optional sign and the prefixes `0x`, `0o`, `0b` or `0` (octal).
fn integer(text: &str) -> Option<i128> {
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
    Some(if negative { -number } else { number })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_of_the_core_schema() {
        let kind = |text| Dialect::default().kind(text).unwrap();
        assert_eq!(kind("yes"), Kind::Text);
        assert_eq!(kind("22:22"), Kind::Text);
        assert_eq!(kind("0755"), Kind::Int(0o755));
        assert_eq!(kind("0o17"), Kind::Int(15));
        assert_eq!(kind("0x1F"), Kind::Int(31));
        assert_eq!(kind("1_000"), Kind::Int(1000));
        assert_eq!(kind("08"), Kind::Float(8.0));
        assert_eq!(kind("1e3"), Kind::Float(1000.0));
        assert_eq!(kind("18446744073709551615"), Kind::Float(1.8446744073709552e19));
        for text in ["1.2.3", "-", ".", "+-1", "0x", "1e", "2020-01-01"] {
            assert_eq!(kind(text), Kind::Text, "{text}");
        }
        assert_eq!(Dialect::default().kind("~"), None);
    }

    #[test]
    fn yaml_1_1_has_more_booleans_and_64_bits() {
        let dialect = Dialect { booleans: Booleans::Words, large_integers: LargeIntegers::UInt, ..Dialect::default() };
        assert_eq!([dialect.kind("on"), dialect.kind("N")], [Some(Kind::Bool(true)), Some(Kind::Bool(false))]);
        assert_eq!(dialect.kind("18446744073709551615"), Some(Kind::UInt(u64::MAX)));
        assert_eq!(dialect.kind("18446744073709551616"), Some(Kind::Float(1.8446744073709552e19)));
    }
}
