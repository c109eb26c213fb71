//! Functions with numbers. Whole ones give an `int64`, as in Sprig.

use std::rc::Rc;

use super::super::failed::Failed;
use super::super::function::{Arguments, Function, Result, function};
use super::super::value::{Items, Value, text};
use crate::strconv;

/// Most numbers in a list that a function makes.
const MAX_NUMBERS: usize = 100_000;

pub(super) const FUNCTIONS: &[Function] = &[
    function("atoi", "s", |a, _| Ok(Value::Int(a.text(0)?.parse().unwrap_or(0)))),
    function("int64", "a", |a, _| Ok(Value::Int64(whole(&a[0])))),
    function("int", "a", |a, _| Ok(Value::Int(whole(&a[0])))),
    function("float64", "a", |a, _| Ok(Value::Float(float(&a[0])))),
    function("toDecimal", "a", |a, _| Ok(Value::Int64(i64::from_str_radix(&a[0].show(), 8).unwrap_or(0)))),
    function("add1", "a", |a, _| Ok(Value::Int64(whole(&a[0]).wrapping_add(1)))),
    function("add", "a*", |a, _| Ok(Value::Int64(a.iter().map(whole).fold(0, i64::wrapping_add)))),
    function("sub", "aa", |a, _| Ok(Value::Int64(whole(&a[0]).wrapping_sub(whole(&a[1]))))),
    function("mul", "aa*", |a, _| Ok(Value::Int64(a.iter().map(whole).fold(1, i64::wrapping_mul)))),
    function("div", "aa", |a, _| divided(whole(&a[0]), whole(&a[1]), i64::wrapping_div)),
    function("mod", "aa", |a, _| divided(whole(&a[0]), whole(&a[1]), i64::wrapping_rem)),
    function("max", "aa*", |a, _| Ok(Value::Int64(a.iter().map(whole).max().unwrap_or(0)))),
    function("biggest", "aa*", |a, _| Ok(Value::Int64(a.iter().map(whole).max().unwrap_or(0)))),
    function("min", "aa*", |a, _| Ok(Value::Int64(a.iter().map(whole).min().unwrap_or(0)))),
    function("maxf", "aa*", |a, _| Ok(Value::Float(a.iter().map(float).fold(f64::NEG_INFINITY, f64::max)))),
    function("minf", "aa*", |a, _| Ok(Value::Float(a.iter().map(float).fold(f64::INFINITY, f64::min)))),
    function("add1f", "a", |a, _| decimal(&[a[0].clone(), Value::Int(1)], Decimal::add)),
    function("addf", "a*", |a, _| {
        let all: Vec<_> = std::iter::once(Value::Int(0)).chain(a.iter().cloned()).collect();
        decimal(&all, Decimal::add)
    }),
    function("subf", "aa*", |a, _| decimal(a, Decimal::subtract)),
    function("mulf", "aa*", |a, _| decimal(a, Decimal::multiply)),
    function("divf", "aa*", |a, _| decimal(a, Decimal::divide)),
    function("ceil", "a", |a, _| Ok(Value::Float(float(&a[0]).ceil()))),
    function("floor", "a", |a, _| Ok(Value::Float(float(&a[0]).floor()))),
    function("round", "aif*", |a, _| {
        let up_from = if a.len() > 2 { a.float(2)? } else { 0.5 };
        let power = 10_f64.powi(a.int(1)?.clamp(-400, 400) as i32);
        let scaled = float(&a[0]) * power;
        let rounded = if scaled.fract() >= up_from { scaled.ceil() } else { scaled.floor() };
        Ok(Value::Float(rounded / power))
    }),
    function("until", "i", |a, _| numbers(0, a.int(0)?, if a.int(0)? < 0 { -1 } else { 1 })),
    function("untilStep", "iii", |a, _| numbers(a.int(0)?, a.int(1)?, a.int(2)?)),
    function("seq", "i*", |a, _| sequence(a)),
    function("randInt", "ii", |a, _| {
        let (least, most) = (a.int(0)?, a.int(1)?);
        let range = most.checked_sub(least).filter(|range| *range > 0).ok_or(Failed)?;
        Ok(Value::Int(least + (super::encodings::random() % range.unsigned_abs()) as i64))
    }),
];

/// A value as a whole number; 0 for anything that is not a number.
pub(super) fn whole(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Float(number) => *number as i64,
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => go_integer(text).unwrap_or(0),
        _ => 0,
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => strconv::parse_float(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// `12`, `0x1f`, `010` for eight; `12.0` is 12.
fn go_integer(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    strconv::parse_uint(digits).and_then(|number| i64::try_from(sign * i128::from(number)).ok())
}

fn divided(a: i64, b: i64, divide: fn(i64, i64) -> i64) -> Result<Value> {
    if b == 0 { Err(Failed) } else { Ok(Value::Int64(divide(a, b))) }
}

fn range(start: i64, stop: i64, step: i64) -> Result<Vec<i64>> {
    let (mut numbers, mut at) = (Vec::new(), start);
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        numbers.push(at);
        at = at.checked_add(step).ok_or(Failed)?;
        if numbers.len() > MAX_NUMBERS {
            return Err(Failed);
        }
    }
    Ok(numbers)
}

fn numbers(start: i64, stop: i64, step: i64) -> Result<Value> {
    Ok(Value::List(Rc::new(range(start, stop, step)?.into_iter().map(Value::Int).collect()), Items::Int))
}

/// As the program `seq`: end; start and end; start, step and end.
fn sequence(a: &[Value]) -> Result<Value> {
    let (start, step, end) = match a {
        [_] => (1, None, a.int(0)?),
        [_, _] => (a.int(0)?, None, a.int(1)?),
        [_, _, _] => (a.int(0)?, Some(a.int(1)?), a.int(2)?),
        _ => return Ok(text("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return Ok(text(""));
    }
    let all = range(start, end.checked_add(direction).ok_or(Failed)?, step.unwrap_or(direction))?;
    let shown: Vec<_> = all.iter().map(i64::to_string).collect();
    Ok(text(&shown.join(" ")))
}

/// A number with decimal places, so that 0.1 and 0.2 are 0.3.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: i128,
    places: u32,
}

impl Decimal {
    fn new(number: f64) -> Option<Self> {
        let shown = format!("{number}");
        let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
        Some(Self { digits: format!("{whole}{fraction}").parse().ok()?, places: fraction.len().try_into().ok()? })
    }

    fn scaled(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(places - self.places)?)
    }

    fn add(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        Some(Self { digits: self.scaled(places)?.checked_add(other.scaled(places)?)?, places })
    }

    fn subtract(self, other: Self) -> Option<Self> {
        self.add(Self { digits: -other.digits, ..other })
    }

    fn multiply(self, other: Self) -> Option<Self> {
        Some(Self { digits: self.digits.checked_mul(other.digits)?, places: self.places + other.places })
    }

    /// To sixteen places.
    fn divide(self, other: Self) -> Option<Self> {
        let places = 16;
        let digits =
            self.digits.checked_mul(10_i128.checked_pow((places + other.places).checked_sub(self.places)?)?)?;
        let (quotient, rest) = (digits.checked_div(other.digits)?, digits.checked_rem(other.digits)?);
        let up = rest.unsigned_abs() * 2 >= other.digits.unsigned_abs();
        let sign = if (digits < 0) == (other.digits < 0) { 1 } else { -1 };
        Some(Self { digits: quotient + if up { sign } else { 0 }, places })
    }
}

fn decimal(values: &[Value], combine: fn(Decimal, Decimal) -> Option<Decimal>) -> Result<Value> {
    let mut all = values.iter().map(|value| Decimal::new(float(value)));
    let first = all.next().flatten().ok_or(Failed)?;
    let result = all.try_fold(first, |result, next| combine(result, next?)).ok_or(Failed)?;
    let places = result.places as usize;
    let sign = if result.digits < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", result.digits.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}0").parse().map(Value::Float).map_err(|_| Failed)
}
