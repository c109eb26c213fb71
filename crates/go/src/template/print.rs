//! Go's `fmt`: what `printf`, `print` and `quote` write.

use super::float::{general_with, scientific, shortest, special};
use super::value::Value;
use crate::strconv::quote;

/// `print`: a blank between two values of which neither is a text.
pub(super) fn sprint(values: &[Value]) -> String {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if index > 0 && !is_text(value) && !is_text(&values[index - 1]) {
            out.push(' ');
        }
        out.push_str(&value.show());
    }
    out
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// The widest field that is written.
const MAX_WIDTH: usize = 10_000;

/// `printf`.
pub(super) fn sprintf(format: &str, values: &[Value]) -> String {
    let (mut out, mut rest, mut next) = (String::new(), format, 0);
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (flags, verb, behind) = directive(after, values, &mut next);
        rest = behind;
        match verb {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match values.get(next) {
                Some(value) => {
                    next += 1;
                    out.push_str(&formatted(verb, flags, value));
                }
                None => out.push_str(&format!("%!{verb}(MISSING)")),
            },
        }
    }
    out.push_str(rest);
    if next < values.len() {
        let extra: Vec<_> = values[next..]
            .iter()
            .map(|value| match value {
                Value::Nil => "<nil>".to_owned(),
                value => format!("{}={}", value.type_name(), value.show()),
            })
            .collect();
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

/// Flags, width and precision, the verb, and the text behind.
fn directive<'f>(text: &'f str, values: &[Value], next: &mut usize) -> (Flags, Option<char>, &'f str) {
    let mut flags = Flags::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '-' => (flags.minus, flags.zero) = (true, false),
            '+' => flags.plus = true,
            '#' => flags.sharp = true,
            ' ' => flags.space = true,
            '0' => flags.zero = !flags.minus,
            _ => break,
        }
        rest = &rest[1..];
    }
    flags.width = number(&mut rest, values, next);
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        flags.precision = Some(number(&mut rest, values, next).unwrap_or(0));
    }
    let verb = rest.chars().next();
    (flags, verb, &rest[verb.map_or(0, char::len_utf8)..])
}

fn number(rest: &mut &str, values: &[Value], next: &mut usize) -> Option<usize> {
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        let value = values.get(*next)?;
        *next += 1;
        return match value {
            Value::Int(number) => usize::try_from(*number).ok().map(|number| number.min(MAX_WIDTH)),
            _ => None,
        };
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    (end > 0).then(|| digits.parse().unwrap_or(MAX_WIDTH).min(MAX_WIDTH))
}

fn formatted(verb: char, flags: Flags, value: &Value) -> String {
    let plain = match (verb, value) {
        ('T', value) => Some(value.type_name().to_owned()),
        ('v', Value::Nil) => Some("<nil>".to_owned()),
        ('v', Value::Text(text)) if flags.sharp => Some(quote(text)),
        ('v', Value::Float(_)) => float('g', flags, value),
        ('v' | 'd', Value::Int(_) | Value::Int64(_)) => integer('d', flags, value),
        ('v', value) => Some(value.show()),
        ('t', Value::Bool(value)) => Some(value.to_string()),
        ('s', Value::Text(text)) => Some(cut(text, flags)),
        ('s', Value::Time(_)) => Some(value.show()),
        ('q', Value::Text(text)) => {
            let text = cut(text, flags);
            Some(if flags.sharp && !text.contains('`') { format!("`{text}`") } else { quote(&text) })
        }
        ('x' | 'X', Value::Text(text)) => {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            Some(if verb == 'X' { hex.to_uppercase() } else { hex })
        }
        ('e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(_)) => float(verb, flags, value),
        ('b' | 'o' | 'O' | 'x' | 'X' | 'c' | 'q' | 'U', Value::Int(_) | Value::Int64(_)) => integer(verb, flags, value),
        ('s' | 'q' | 'd', Value::List(items, _)) => {
            let inside: Vec<_> = items.iter().map(|item| formatted(verb, flags, item)).collect();
            return format!("[{}]", inside.join(" "));
        }
        _ => None,
    };
    match plain {
        Some(text) => padded(&text, flags, value),
        None => match value {
            Value::Nil => format!("%!{verb}(<nil>)"),
            value => format!("%!{verb}({}={})", value.type_name(), value.show()),
        },
    }
}

fn cut(text: &str, flags: Flags) -> String {
    flags.precision.map_or_else(|| text.to_owned(), |most| text.chars().take(most).collect())
}

fn padded(text: &str, flags: Flags, value: &Value) -> String {
    let missing = flags.width.unwrap_or(0).saturating_sub(text.chars().count());
    let is_number = matches!(value, Value::Int(_) | Value::Int64(_) | Value::Float(_));
    if flags.minus {
        return format!("{text}{}", " ".repeat(missing));
    }
    if flags.zero && (!is_number || flags.precision.is_none() || matches!(value, Value::Float(_))) {
        let (sign, digits) = text.split_at(usize::from(is_number && text.starts_with(['-', '+', ' '])));
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    format!("{}{text}", " ".repeat(missing))
}

fn signed(digits: String, negative: bool, flags: Flags) -> String {
    let sign = if negative {
        "-"
    } else if flags.plus {
        "+"
    } else if flags.space {
        " "
    } else {
        ""
    };
    format!("{sign}{digits}")
}

fn integer(verb: char, flags: Flags, value: &Value) -> Option<String> {
    let (Value::Int(number) | Value::Int64(number)) = value else { return None };
    let size = number.unsigned_abs();
    let digits = match verb {
        'b' => format!("{size:b}"),
        'o' if flags.sharp => format!("0{size:o}"),
        'o' => format!("{size:o}"),
        'O' => format!("0o{size:o}"),
        'x' if flags.sharp => format!("{size:#x}"),
        'x' => format!("{size:x}"),
        'X' if flags.sharp => format!("0X{size:X}"),
        'X' => format!("{size:X}"),
        'c' | 'q' | 'U' => {
            let c = u32::try_from(*number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
            return Some(match verb {
                'c' => c.to_string(),
                'q' => format!("'{c}'"),
                _ => format!("U+{number:04X}"),
            });
        }
        _ => size.to_string(),
    };
    let digits = format!("{digits:0>width$}", width = flags.precision.unwrap_or(0));
    Some(signed(digits, *number < 0, flags))
}

fn float(verb: char, flags: Flags, value: &Value) -> Option<String> {
    let Value::Float(number) = value else { return None };
    let size = number.abs();
    if let Some(special) = special(size) {
        return Some(signed(special.trim_start_matches('+').to_owned(), *number < 0.0, flags));
    }
    let digits = match (verb, flags.precision) {
        ('f' | 'F', precision) => format!("{size:.*}", precision.unwrap_or(6)),
        ('e' | 'E', precision) => scientific(size, precision.unwrap_or(6), verb),
        (_, Some(precision)) => general_with(size, precision, if verb == 'G' { 'E' } else { 'e' }),
        (_, None) => shortest(size, if verb == 'G' { 'E' } else { 'e' }),
    };
    Some(signed(digits, number.is_sign_negative(), flags))
}
