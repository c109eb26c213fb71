//! What an expression finds in a value.

use wharf_go::json::JsonValue;

use super::compare::{compare, is_false};
use super::failed::Failed;
use super::functions::{self, Argument};
use super::parser::Node;

/// Evaluates an expression that gives a value.
pub(super) fn value<'a>(node: &Node, data: &JsonValue<'a>) -> Result<JsonValue<'a>, Failed> {
    Ok(match node {
        Node::Current => data.clone(),
        Node::Field(key) => field(data, key),
        Node::Index(index) => match data {
            JsonValue::List(list) => {
                let at = if *index < 0 { index + list.len() as i64 } else { *index };
                usize::try_from(at).ok().and_then(|at| list.get(at).cloned()).unwrap_or(JsonValue::Null)
            }
            _ => JsonValue::Null,
        },
        Node::Slice(parts) => match data {
            JsonValue::List(list) => JsonValue::List(slice(list, *parts)?),
            _ => JsonValue::Null,
        },
        Node::Literal(literal) => literal.clone(),
        Node::Chain(left, right) | Node::Pipe(left, right) => value(right, &value(left, data)?)?,
        Node::Or(left, right) => match value(left, data)? {
            left if is_false(&left) => value(right, data)?,
            left => left,
        },
        Node::And(left, right) => match value(left, data)? {
            left if is_false(&left) => left,
            _ => value(right, data)?,
        },
        Node::Not(inside) => JsonValue::Bool(is_false(&value(inside, data)?)),
        Node::Compare(operator, left, right) => compare(operator, &value(left, data)?, &value(right, data)?),
        Node::Flatten(left) => match value(left, data) {
            Ok(JsonValue::List(list)) => JsonValue::List(flatten(list)),
            _ => JsonValue::Null,
        },
        Node::Projection(left, right) => match value(left, data)? {
            JsonValue::List(list) => project(right, list.iter())?,
            _ => JsonValue::Null,
        },
        Node::ValueProjection(left, right) => match value(left, data) {
            // go-jmespath projects as many nulls before the values.
            Ok(JsonValue::Object(fields)) => {
                let nulls = vec![JsonValue::Null; fields.len()];
                project(right, nulls.iter().chain(fields.iter().map(|(_, value)| value)))?
            }
            _ => JsonValue::Null,
        },
        Node::FilterProjection(left, right, condition) => match value(left, data) {
            Ok(JsonValue::List(list)) => {
                let mut kept = Vec::new();
                for item in &list {
                    if !is_false(&value(condition, item)?) {
                        kept.push(item);
                    }
                }
                project(right, kept.into_iter())?
            }
            _ => JsonValue::Null,
        },
        Node::List(_) | Node::Hash(_) if *data == JsonValue::Null => JsonValue::Null,
        Node::List(items) => JsonValue::List(items.iter().map(|item| value(item, data)).collect::<Result<_, _>>()?),
        Node::Hash(fields) => {
            let mut hash = Vec::new();
            for (key, node) in fields {
                hash.push((key.clone().into(), value(node, data)?));
            }
            JsonValue::Object(hash)
        }
        Node::Reference(_) => return Err(Failed),
        Node::Function(name, arguments) => {
            let arguments = arguments.iter().map(|node| {
                Ok(match node {
                    Node::Reference(inside) => Argument::Reference(inside),
                    node => Argument::JsonValue(value(node, data)?),
                })
            });
            functions::call(name, arguments.collect::<Result<_, _>>()?, &value)?
        }
    })
}

fn field<'a>(data: &JsonValue<'a>, key: &str) -> JsonValue<'a> {
    match data {
        JsonValue::Object(fields) => {
            fields.iter().find(|(other, _)| other == key).map_or(JsonValue::Null, |(_, value)| value.clone())
        }
        _ => JsonValue::Null,
    }
}

/// The values that are not null.
fn project<'v, 'a: 'v>(node: &Node, items: impl Iterator<Item = &'v JsonValue<'a>>) -> Result<JsonValue<'a>, Failed> {
    let mut out = Vec::new();
    for item in items {
        match value(node, item)? {
            JsonValue::Null => {}
            value => out.push(value),
        }
    }
    Ok(JsonValue::List(out))
}

fn flatten<'a>(list: Vec<JsonValue<'a>>) -> Vec<JsonValue<'a>> {
    let mut flat = Vec::new();
    for item in list {
        match item {
            JsonValue::List(mut items) => flat.append(&mut items),
            item => flat.push(item),
        }
    }
    flat
}

fn slice<'a>(list: &[JsonValue<'a>], [start, stop, step]: [Option<i64>; 3]) -> Result<Vec<JsonValue<'a>>, Failed> {
    let (length, step) = (list.len() as i64, step.unwrap_or(1));
    if step == 0 {
        return Err(Failed);
    }
    let bounded = |at: i64| {
        let at = if at < 0 { at.saturating_add(length) } else { at };
        if step < 0 { at.clamp(-1, length - 1) } else { at.clamp(0, length) }
    };
    let (first, last) = if step < 0 { (length - 1, -1) } else { (0, length) };
    let (mut at, stop) = (start.map_or(first, bounded), stop.map_or(last, bounded));
    let mut out = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        out.push(list[at as usize].clone());
        at = at.saturating_add(step);
    }
    Ok(out)
}
