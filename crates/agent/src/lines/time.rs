//! RFC 3339 times, parsed by hand: once a line.

/// Parses a time such as `2026-11-21T07:44:26.123456789Z` to nanoseconds since 1970. Decimals beyond the ninth are
/// dropped; an offset is `Z` or `+01:00`. `None` if it is anything else, or no date.
pub fn parse(text: &[u8]) -> Option<i64> {
    let fixed: &[u8; 19] = text.first_chunk()?;
    if fixed[4] != b'-'
        || fixed[7] != b'-'
        || !matches!(fixed[10], b'T' | b't' | b' ')
        || fixed[13] != b':'
        || fixed[16] != b':'
    {
        return None;
    }
    let (year, month, day) = (number(&fixed[..4])?, number(&fixed[5..7])?, number(&fixed[8..10])?);
    let (hour, minute, second) = (number(&fixed[11..13])?, number(&fixed[14..16])?, number(&fixed[17..19])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanoseconds, rest) = fraction(&text[19..])?;
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset(rest)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

/// Without a branch for each digit: their number is known where this is inlined.
#[inline(always)]
fn number(digits: &[u8]) -> Option<i64> {
    let (mut sum, mut wrong) = (0, false);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        wrong |= digit > 9;
        sum = sum * 10 + i64::from(digit);
    }
    (!wrong).then_some(sum)
}

fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    // The engine mostly writes all nine.
    if let Some((nine, rest)) = digits.split_first_chunk::<9>()
        && let Some(nanoseconds) = number(nine)
        && !rest.first().is_some_and(u8::is_ascii_digit)
    {
        return Some((nanoseconds, rest));
    }
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let kept = length.min(9);
    let missing = u32::try_from(9 - kept).unwrap_or(0);
    Some((number(&digits[..kept])? * 10_i64.pow(missing), &digits[length..]))
}

/// Seconds east of Greenwich.
fn offset(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', _, _] if hours.len() == 2 => {
            let east = number(hours)? * 3_600 + number(&text[4..6])? * 60;
            Some(if *sign == b'-' { -east } else { east })
        }
        _ => None,
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar: years are counted from March, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_engine_are_read_to_the_nanosecond() {
        assert_eq!(parse(b"2023-11-14T22:13:20.000000042Z"), Some(1_700_000_000_000_000_042));
        assert_eq!(parse(b"2023-11-14T22:13:20Z"), Some(1_700_000_000_000_000_000));
        assert_eq!(parse(b"2023-11-14T23:13:20.5+01:00"), Some(1_700_000_000_500_000_000));
        assert_eq!(parse(b"1969-12-31T23:59:59.999999999Z"), Some(-1));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2023-11-14",
            "2023-02-29T00:00:00Z",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13:20.Z",
            "9999-99-99T99:99:99Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_time_that_jiff_writes_is_read_as_jiff_reads_it(nanoseconds in -9_000_000_000_000_000_000_i64..9_000_000_000_000_000_000) {
            let time = jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap();
            proptest::prop_assert_eq!(parse(time.to_string().as_bytes()), Some(nanoseconds));
        }

        #[test]
        fn nothing_upsets_it(text: Vec<u8>) {
            let _ = parse(&text);
        }
    }
}
