//! JMESPath's functions.

use std::borrow::Cow;
use std::cmp::Ordering;

use wharf_go::json::{self, Value};

use super::Failed;
use super::interpret::{self, Argument};
use super::parser::Node;
use wharf_go::strconv;

type Result<T> = std::result::Result<T, Failed>;

pub(super) fn call<'a>(name: &str, arguments: Vec<Argument<'_, 'a>>) -> Result<Value<'a>> {
    let mut values = Vec::new();
    let mut reference = None;
    for (index, argument) in arguments.into_iter().enumerate() {
        match argument {
            Argument::Value(value) => values.push(value),
            Argument::Reference(node) => {
                // `map` takes the expression first, the others second.
                let right_place = if name == "map" { 0 } else { 1 };
                if index != right_place || reference.replace(node).is_some() {
                    return Err(Failed);
                }
            }
        }
    }
    match (reference, values.as_slice()) {
        (Some(node), [Value::List(list)]) => with_reference(name, node, list),
        (Some(_), _) => Err(Failed),
        (None, _) => match name {
            "merge" => merge(&values),
            "not_null" if !values.is_empty() => {
                Ok(values.into_iter().find(|value| *value != Value::Null).unwrap_or(Value::Null))
            }
            _ => match values.as_slice() {
                [value] => one(name, value),
                [first, second] => two(name, first, second),
                _ => Err(Failed),
            },
        },
    }
}

fn merge<'a>(values: &[Value<'a>]) -> Result<Value<'a>> {
    let mut merged: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
    if values.is_empty() {
        return Err(Failed);
    }
    for value in values {
        let Value::Object(fields) = value else { return Err(Failed) };
        for (key, value) in fields {
            match merged.iter_mut().find(|(other, _)| other == key) {
                Some((_, slot)) => *slot = value.clone(),
                None => merged.push((key.clone(), value.clone())),
            }
        }
    }
    Ok(Value::Object(merged))
}

fn one<'a>(name: &str, value: &Value<'a>) -> Result<Value<'a>> {
    Ok(match (name, value) {
        ("length", Value::Text(text)) => number(text.chars().count()),
        ("length", Value::List(list)) => number(list.len()),
        ("length", Value::Object(fields)) => number(fields.len()),
        ("abs", Value::Number(number)) => Value::Number(number.abs()),
        ("ceil", Value::Number(number)) => Value::Number(number.ceil()),
        ("floor", Value::Number(number)) => Value::Number(number.floor()),
        ("avg", Value::List(list)) => Value::Number(sum(list)? / list.len() as f64),
        ("sum", Value::List(list)) => Value::Number(sum(list)?),
        ("max", Value::List(list)) => best(list, Ordering::Greater)?,
        ("min", Value::List(list)) => best(list, Ordering::Less)?,
        ("sort", Value::List(list)) => {
            same_kind(list)?;
            let mut sorted = list.clone();
            sorted.sort_by(|a, b| order(a, b).unwrap_or(Ordering::Equal));
            Value::List(sorted)
        }
        ("keys", Value::Object(fields)) => {
            Value::List(fields.iter().map(|(key, _)| Value::Text(key.clone())).collect())
        }
        ("values", Value::Object(fields)) => Value::List(fields.iter().map(|(_, value)| value.clone()).collect()),
        ("reverse", Value::Text(text)) => Value::Text(text.chars().rev().collect::<String>().into()),
        ("reverse", Value::List(list)) => Value::List(list.iter().rev().cloned().collect()),
        ("to_array", Value::List(_)) => value.clone(),
        ("to_array", _) => Value::List(vec![value.clone()]),
        ("to_string", Value::Text(_)) => value.clone(),
        ("to_string", _) => {
            let mut text = String::new();
            json::write(value, true, &mut text);
            Value::Text(text.into())
        }
        ("to_number", Value::Number(_)) => value.clone(),
        ("to_number", Value::Text(text)) => strconv::parse_float(text).map_or(Value::Null, Value::Number),
        ("to_number", _) => Value::Null,
        ("type", value) => Value::Text(Cow::Borrowed(kind(value))),
        _ => return Err(Failed),
    })
}

fn two<'a>(name: &str, first: &Value<'a>, second: &Value<'a>) -> Result<Value<'a>> {
    Ok(match (name, first, second) {
        ("starts_with", Value::Text(text), Value::Text(start)) => Value::Bool(text.starts_with(&**start)),
        ("ends_with", Value::Text(text), Value::Text(end)) => Value::Bool(text.ends_with(&**end)),
        ("contains", Value::Text(text), Value::Text(part)) => Value::Bool(text.contains(&**part)),
        ("contains", Value::Text(_), _) => Value::Bool(false),
        // Lists and objects in a list cannot be compared in go-jmespath, where this ends the program.
        ("contains", Value::List(list), item) => Value::Bool(list.iter().any(|other| interpret::equal(other, item))),
        ("join", Value::Text(separator), Value::List(list)) => {
            let texts: Option<Vec<&str>> = list.iter().map(text).collect();
            Value::Text(texts.ok_or(Failed)?.join(separator).into())
        }
        _ => return Err(Failed),
    })
}

fn with_reference<'a>(name: &str, node: &Node, list: &[Value<'a>]) -> Result<Value<'a>> {
    let keys = || list.iter().map(|item| interpret::value(node, item)).collect::<Result<Vec<_>>>();
    let wanted = match name {
        "map" => return Ok(Value::List(keys()?)),
        "sort_by" => None,
        "max_by" => Some(Ordering::Greater),
        "min_by" => Some(Ordering::Less),
        _ => return Err(Failed),
    };
    if let ([] | [_], wanted) = (list, wanted) {
        let first = || list.first().cloned().unwrap_or(Value::Null);
        return Ok(if wanted.is_none() { Value::List(list.to_vec()) } else { first() });
    }
    let keys = keys()?;
    same_kind(&keys)?;
    let mut pairs: Vec<_> = keys.iter().zip(list).collect();
    match wanted {
        None => pairs.sort_by(|(a, _), (b, _)| order(a, b).unwrap_or(Ordering::Equal)),
        Some(wanted) => {
            let best = pairs
                .iter()
                .copied()
                .reduce(|best, next| if order(next.0, best.0) == Some(wanted) { next } else { best });
            return best.map(|(_, item)| item.clone()).ok_or(Failed);
        }
    }
    Ok(Value::List(pairs.into_iter().map(|(_, item)| item.clone()).collect()))
}

fn number<'a>(count: usize) -> Value<'a> {
    Value::Number(count as f64)
}

fn text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Object(_) => "object",
    }
}

fn sum(list: &[Value<'_>]) -> Result<f64> {
    let numbers: Option<Vec<f64>> =
        list.iter().map(|item| if let Value::Number(number) = item { Some(*number) } else { None }).collect();
    numbers.map(|numbers| numbers.iter().sum()).ok_or(Failed)
}

/// All numbers, or all texts.
fn same_kind(list: &[Value<'_>]) -> Result<()> {
    let all = |kinds: fn(&Value<'_>) -> bool| list.iter().all(kinds);
    let fits = all(|item| matches!(item, Value::Number(_))) || all(|item| matches!(item, Value::Text(_)));
    if fits { Ok(()) } else { Err(Failed) }
}

fn order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn best<'a>(list: &[Value<'a>], wanted: Ordering) -> Result<Value<'a>> {
    same_kind(list)?;
    let best = list.iter().reduce(|best, next| if order(next, best) == Some(wanted) { next } else { best });
    Ok(best.cloned().unwrap_or(Value::Null))
}
