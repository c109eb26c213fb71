//! JMESPath's functions.

use std::borrow::Cow;
use std::cmp::Ordering;

use wharf_go::json::{self, JsonValue};

use super::compare::equal;
use super::failed::Failed;
use super::parser::Node;
use wharf_go::strconv;

type Result<T> = std::result::Result<T, Failed>;

/// A function's argument.
pub(super) enum Argument<'n, 'a> {
    JsonValue(JsonValue<'a>),
    /// `&expression`
    Reference(&'n Node),
}

/// What an expression finds in a value.
pub(super) type Evaluate<'e> = &'e dyn for<'a> Fn(&Node, &JsonValue<'a>) -> Result<JsonValue<'a>>;

/// Calls a function. `evaluate` evaluates the expressions that `sort_by` and others are given.
pub(super) fn call<'a>(name: &str, arguments: Vec<Argument<'_, 'a>>, evaluate: Evaluate<'_>) -> Result<JsonValue<'a>> {
    let mut values = Vec::new();
    let mut reference = None;
    for (index, argument) in arguments.into_iter().enumerate() {
        match argument {
            Argument::JsonValue(value) => values.push(value),
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
        (Some(node), [JsonValue::List(list)]) => with_reference(name, node, list, evaluate),
        (Some(_), _) => Err(Failed),
        (None, _) => match name {
            "merge" => merge(&values),
            "not_null" if !values.is_empty() => {
                Ok(values.into_iter().find(|value| *value != JsonValue::Null).unwrap_or(JsonValue::Null))
            }
            _ => match values.as_slice() {
                [value] => one(name, value),
                [first, second] => two(name, first, second),
                _ => Err(Failed),
            },
        },
    }
}

fn merge<'a>(values: &[JsonValue<'a>]) -> Result<JsonValue<'a>> {
    let mut merged: Vec<(Cow<'a, str>, JsonValue<'a>)> = Vec::new();
    if values.is_empty() {
        return Err(Failed);
    }
    for value in values {
        let JsonValue::Object(fields) = value else { return Err(Failed) };
        for (key, value) in fields {
            match merged.iter_mut().find(|(other, _)| other == key) {
                Some((_, slot)) => *slot = value.clone(),
                None => merged.push((key.clone(), value.clone())),
            }
        }
    }
    Ok(JsonValue::Object(merged))
}

fn one<'a>(name: &str, value: &JsonValue<'a>) -> Result<JsonValue<'a>> {
    Ok(match (name, value) {
        ("length", JsonValue::Text(text)) => number(text.chars().count()),
        ("length", JsonValue::List(list)) => number(list.len()),
        ("length", JsonValue::Object(fields)) => number(fields.len()),
        ("abs", JsonValue::Number(number)) => JsonValue::Number(number.abs()),
        ("ceil", JsonValue::Number(number)) => JsonValue::Number(number.ceil()),
        ("floor", JsonValue::Number(number)) => JsonValue::Number(number.floor()),
        ("avg", JsonValue::List(list)) => JsonValue::Number(sum(list)? / list.len() as f64),
        ("sum", JsonValue::List(list)) => JsonValue::Number(sum(list)?),
        ("max", JsonValue::List(list)) => best(list, Ordering::Greater)?,
        ("min", JsonValue::List(list)) => best(list, Ordering::Less)?,
        ("sort", JsonValue::List(list)) => {
            same_kind(list)?;
            let mut sorted = list.clone();
            sorted.sort_by(|a, b| order(a, b).unwrap_or(Ordering::Equal));
            JsonValue::List(sorted)
        }
        ("keys", JsonValue::Object(fields)) => {
            JsonValue::List(fields.iter().map(|(key, _)| JsonValue::Text(key.clone())).collect())
        }
        ("values", JsonValue::Object(fields)) => {
            JsonValue::List(fields.iter().map(|(_, value)| value.clone()).collect())
        }
        ("reverse", JsonValue::Text(text)) => JsonValue::Text(text.chars().rev().collect::<String>().into()),
        ("reverse", JsonValue::List(list)) => JsonValue::List(list.iter().rev().cloned().collect()),
        ("to_array", JsonValue::List(_)) => value.clone(),
        ("to_array", _) => JsonValue::List(vec![value.clone()]),
        ("to_string", JsonValue::Text(_)) => value.clone(),
        ("to_string", _) => {
            let mut text = String::new();
            json::write(value, true, &mut text);
            JsonValue::Text(text.into())
        }
        ("to_number", JsonValue::Number(_)) => value.clone(),
        ("to_number", JsonValue::Text(text)) => strconv::parse_float(text).map_or(JsonValue::Null, JsonValue::Number),
        ("to_number", _) => JsonValue::Null,
        ("type", value) => JsonValue::Text(Cow::Borrowed(kind(value))),
        _ => return Err(Failed),
    })
}

fn two<'a>(name: &str, first: &JsonValue<'a>, second: &JsonValue<'a>) -> Result<JsonValue<'a>> {
    Ok(match (name, first, second) {
        ("starts_with", JsonValue::Text(text), JsonValue::Text(start)) => JsonValue::Bool(text.starts_with(&**start)),
        ("ends_with", JsonValue::Text(text), JsonValue::Text(end)) => JsonValue::Bool(text.ends_with(&**end)),
        ("contains", JsonValue::Text(text), JsonValue::Text(part)) => JsonValue::Bool(text.contains(&**part)),
        ("contains", JsonValue::Text(_), _) => JsonValue::Bool(false),
        // Lists and objects in a list cannot be compared in go-jmespath, where this ends the program.
        ("contains", JsonValue::List(list), item) => JsonValue::Bool(list.iter().any(|other| equal(other, item))),
        ("join", JsonValue::Text(separator), JsonValue::List(list)) => {
            let texts: Option<Vec<&str>> = list.iter().map(text).collect();
            JsonValue::Text(texts.ok_or(Failed)?.join(separator).into())
        }
        _ => return Err(Failed),
    })
}

fn with_reference<'a>(
    name: &str,
    node: &Node,
    list: &[JsonValue<'a>],
    evaluate: Evaluate<'_>,
) -> Result<JsonValue<'a>> {
    let keys = || list.iter().map(|item| evaluate(node, item)).collect::<Result<Vec<_>>>();
    let wanted = match name {
        "map" => return Ok(JsonValue::List(keys()?)),
        "sort_by" => None,
        "max_by" => Some(Ordering::Greater),
        "min_by" => Some(Ordering::Less),
        _ => return Err(Failed),
    };
    if let ([] | [_], wanted) = (list, wanted) {
        let first = || list.first().cloned().unwrap_or(JsonValue::Null);
        return Ok(if wanted.is_none() { JsonValue::List(list.to_vec()) } else { first() });
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
    Ok(JsonValue::List(pairs.into_iter().map(|(_, item)| item.clone()).collect()))
}

fn number<'a>(count: usize) -> JsonValue<'a> {
    JsonValue::Number(count as f64)
}

fn text<'v>(value: &'v JsonValue<'_>) -> Option<&'v str> {
    match value {
        JsonValue::Text(text) => Some(text),
        _ => None,
    }
}

fn kind(value: &JsonValue<'_>) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "boolean",
        JsonValue::Number(_) => "number",
        JsonValue::Text(_) => "string",
        JsonValue::List(_) => "array",
        JsonValue::Object(_) => "object",
    }
}

fn sum(list: &[JsonValue<'_>]) -> Result<f64> {
    let numbers: Option<Vec<f64>> =
        list.iter().map(|item| if let JsonValue::Number(number) = item { Some(*number) } else { None }).collect();
    numbers.map(|numbers| numbers.iter().sum()).ok_or(Failed)
}

/// All numbers, or all texts.
fn same_kind(list: &[JsonValue<'_>]) -> Result<()> {
    let all = |kinds: fn(&JsonValue<'_>) -> bool| list.iter().all(kinds);
    let fits = all(|item| matches!(item, JsonValue::Number(_))) || all(|item| matches!(item, JsonValue::Text(_)));
    if fits { Ok(()) } else { Err(Failed) }
}

fn order(a: &JsonValue<'_>, b: &JsonValue<'_>) -> Option<Ordering> {
    match (a, b) {
        (JsonValue::Number(a), JsonValue::Number(b)) => a.partial_cmp(b),
        (JsonValue::Text(a), JsonValue::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn best<'a>(list: &[JsonValue<'a>], wanted: Ordering) -> Result<JsonValue<'a>> {
    same_kind(list)?;
    let best = list.iter().reduce(|best, next| if order(next, best) == Some(wanted) { next } else { best });
    Ok(best.cloned().unwrap_or(JsonValue::Null))
}
