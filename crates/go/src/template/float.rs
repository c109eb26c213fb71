//! Floats as Go's `fmt` writes them.

/// Go's `%v` of a float: the shortest digits, with an exponent where that is large.
pub(super) fn general(number: f64) -> String {
    shortest(number, 'e')
}

/// What has no digits.
pub(super) fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number == f64::INFINITY {
        Some("+Inf")
    } else if number == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

/// The shortest digits that give the number again.
pub(super) fn shortest(number: f64, e: char) -> String {
    if let Some(special) = special(number) {
        return special.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    if number != 0.0 && !(-4..6).contains(&power) {
        return format!("{digits}{}", exponent(e, power));
    }
    format!("{number}")
}

fn exponent(e: char, power: i32) -> String {
    format!("{e}{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
}

/// `%e`: a digit, a point, `precision` digits, and the exponent.
pub(super) fn scientific(number: f64, precision: usize, e: char) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{digits}{}", exponent(e, power.parse().unwrap_or_default()))
}

/// `%g` with a precision: so many digits in all, zeros at the end left out.
pub(super) fn general_with(number: f64, precision: usize, e: char) -> String {
    let precision = precision.max(1);
    let text = scientific(number, precision - 1, e);
    let (digits, power) = text.split_once(e).unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if power < -4 || power >= precision as i32 {
        return format!("{}{}", trimmed(digits), exponent(e, power));
    }
    let places = (precision as i32 - 1 - power).max(0) as usize;
    trimmed(&format!("{number:.places$}"))
}
