//! Go's own functions.

use std::cmp::Ordering;

use super::super::failed::Failed;
use super::super::function::{Arguments, Function, Result, function};
use super::super::print;
use super::super::value::{Value, text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "and", signature: "aa*", call: never, short_circuit: Some(false) },
    Function { name: "or", signature: "aa*", call: never, short_circuit: Some(true) },
    function("not", "a", |a, _| Ok(Value::Bool(!a[0].is_true()))),
    function("len", "a", |a, _| Ok(Value::Int(a[0].len().ok_or(Failed)? as i64))),
    function("index", "aa*", |a, _| a[1..].iter().try_fold(a[0].clone(), |value, key| index(&value, key))),
    function("print", "a*", |a, _| Ok(text(&print::sprint(a)))),
    function("println", "a*", |a, _| {
        let shown: Vec<_> = a.iter().map(Value::show).collect();
        Ok(text(&format!("{}\n", shown.join(" "))))
    }),
    function("printf", "sa*", |a, _| Ok(text(&print::sprintf(a.text(0)?, &a[1..])))),
    function("html", "a*", |a, _| Ok(text(&escaped(&joined(a), html)))),
    function("js", "a*", |a, _| Ok(text(&escaped(&joined(a), js)))),
    function("urlquery", "a*", |a, _| Ok(text(&escaped(&joined(a), url)))),
    function("eq", "aa*", |a, _| {
        if a.len() < 2 {
            return Err(Failed);
        }
        for other in &a[1..] {
            if equal(&a[0], other)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    function("ne", "aa", |a, _| Ok(Value::Bool(!equal(&a[0], &a[1])?))),
    function("lt", "aa", |a, _| Ok(Value::Bool(order(&a[0], &a[1])? == Some(Ordering::Less)))),
    function("le", "aa", |a, _| Ok(Value::Bool(order(&a[0], &a[1])?.is_some_and(Ordering::is_le)))),
    function("gt", "aa", |a, _| Ok(Value::Bool(!order(&a[0], &a[1])?.is_some_and(Ordering::is_le)))),
    function("ge", "aa", |a, _| Ok(Value::Bool(order(&a[0], &a[1])? != Some(Ordering::Less)))),
];

/// `and` and `or` are evaluated with their arguments, in `exec`.
fn never(_: &[Value], _: &super::super::function::Context<'_>) -> Result<Value> {
    Err(Failed)
}

/// Go compares what is of one kind; nil with anything, and never the same.
fn equal(a: &Value, b: &Value) -> Result<bool> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a) | Value::Int64(a), Value::Int(b) | Value::Int64(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Time(a), Value::Time(b)) => Ok(a == b),
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        _ => Err(Failed),
    }
}

fn order(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    match (a, b) {
        (Value::Int(a) | Value::Int64(a), Value::Int(b) | Value::Int64(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
        _ => Err(Failed),
    }
}

fn index(value: &Value, key: &Value) -> Result<Value> {
    match (value, key) {
        (Value::List(items, _), Value::Int(at) | Value::Int64(at)) => {
            usize::try_from(*at).ok().and_then(|at| items.get(at).cloned()).ok_or(Failed)
        }
        // A byte of a text.
        (Value::Text(text), Value::Int(at) | Value::Int64(at)) => {
            let byte = usize::try_from(*at).ok().and_then(|at| text.as_bytes().get(at)).ok_or(Failed)?;
            Ok(Value::Int(i64::from(*byte)))
        }
        (Value::Map(fields), Value::Text(key)) => Ok(fields.borrow().get(&**key).cloned().unwrap_or(Value::Nil)),
        (Value::TextMap(fields), Value::Text(key)) => Ok(fields.get(&**key).cloned().map_or(text(""), Value::Text)),
        _ => Err(Failed),
    }
}

fn joined(arguments: &[Value]) -> String {
    let shown: Vec<Value> = arguments
        .iter()
        .map(|value| if matches!(value, Value::Nil) { text("<no value>") } else { value.clone() })
        .collect();
    print::sprint(&shown)
}

fn escaped(text: &str, escape: fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| escape(c, &mut out));
    out
}

fn html(c: char, out: &mut String) {
    match c {
        '\0' => out.push('\u{fffd}'),
        '"' => out.push_str("&#34;"),
        '\'' => out.push_str("&#39;"),
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    }
}

fn js(c: char, out: &mut String) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\'' => out.push_str("\\'"),
        '"' => out.push_str("\\\""),
        '<' => out.push_str("\\u003C"),
        '>' => out.push_str("\\u003E"),
        '&' => out.push_str("\\u0026"),
        '=' => out.push_str("\\u003D"),
        c if c < ' ' || (c.is_control() && !c.is_ascii()) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        c => out.push(c),
    }
}

fn url(c: char, out: &mut String) {
    match c {
        ' ' => out.push('+'),
        c if c.is_ascii_alphanumeric() || "-_.~".contains(c) => out.push(c),
        c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}"))),
    }
}
