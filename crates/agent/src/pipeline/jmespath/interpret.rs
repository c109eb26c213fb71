//! What an expression finds in a value.

use wharf_go::json::Value;

use super::Failed;
use super::functions;
use super::lexer::Token;
use super::parser::Node;

/// A function's argument.
pub(super) enum Argument<'n, 'a> {
    Value(Value<'a>),
    /// `&expression`
    Reference(&'n Node),
}

/// Evaluates an expression that gives a value.
pub(super) fn value<'a>(node: &Node, data: &Value<'a>) -> Result<Value<'a>, Failed> {
    Ok(match node {
        Node::Current => data.clone(),
        Node::Field(key) => field(data, key),
        Node::Index(index) => match data {
            Value::List(list) => {
                let at = if *index < 0 { index + list.len() as i64 } else { *index };
                usize::try_from(at).ok().and_then(|at| list.get(at).cloned()).unwrap_or(Value::Null)
            }
            _ => Value::Null,
        },
        Node::Slice(parts) => match data {
            Value::List(list) => Value::List(slice(list, *parts)?),
            _ => Value::Null,
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
        Node::Not(inside) => Value::Bool(is_false(&value(inside, data)?)),
        Node::Compare(operator, left, right) => compare(operator, &value(left, data)?, &value(right, data)?),
        Node::Flatten(left) => match value(left, data) {
            Ok(Value::List(list)) => Value::List(flatten(list)),
            _ => Value::Null,
        },
        Node::Projection(left, right) => match value(left, data)? {
            Value::List(list) => project(right, list.iter())?,
            _ => Value::Null,
        },
        Node::ValueProjection(left, right) => match value(left, data) {
            // go-jmespath projects as many nulls before the values.
            Ok(Value::Object(fields)) => {
                let nulls = vec![Value::Null; fields.len()];
                project(right, nulls.iter().chain(fields.iter().map(|(_, value)| value)))?
            }
            _ => Value::Null,
        },
        Node::FilterProjection(left, right, condition) => match value(left, data) {
            Ok(Value::List(list)) => {
                let mut kept = Vec::new();
                for item in &list {
                    if !is_false(&value(condition, item)?) {
                        kept.push(item);
                    }
                }
                project(right, kept.into_iter())?
            }
            _ => Value::Null,
        },
        Node::List(_) | Node::Hash(_) if *data == Value::Null => Value::Null,
        Node::List(items) => Value::List(items.iter().map(|item| value(item, data)).collect::<Result<_, _>>()?),
        Node::Hash(fields) => {
            let mut hash = Vec::new();
            for (key, node) in fields {
                hash.push((key.clone().into(), value(node, data)?));
            }
            Value::Object(hash)
        }
        Node::Reference(_) => return Err(Failed),
        Node::Function(name, arguments) => {
            let arguments = arguments.iter().map(|node| {
                Ok(match node {
                    Node::Reference(inside) => Argument::Reference(inside),
                    node => Argument::Value(value(node, data)?),
                })
            });
            functions::call(name, arguments.collect::<Result<_, _>>()?)?
        }
    })
}

fn field<'a>(data: &Value<'a>, key: &str) -> Value<'a> {
    match data {
        Value::Object(fields) => {
            fields.iter().find(|(other, _)| other == key).map_or(Value::Null, |(_, value)| value.clone())
        }
        _ => Value::Null,
    }
}

/// The values that are not null.
fn project<'v, 'a: 'v>(node: &Node, items: impl Iterator<Item = &'v Value<'a>>) -> Result<Value<'a>, Failed> {
    let mut out = Vec::new();
    for item in items {
        match value(node, item)? {
            Value::Null => {}
            value => out.push(value),
        }
    }
    Ok(Value::List(out))
}

fn flatten<'a>(list: Vec<Value<'a>>) -> Vec<Value<'a>> {
    let mut flat = Vec::new();
    for item in list {
        match item {
            Value::List(mut items) => flat.append(&mut items),
            item => flat.push(item),
        }
    }
    flat
}

fn is_false(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Text(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

fn compare<'a>(operator: &Token, left: &Value<'_>, right: &Value<'_>) -> Value<'a> {
    match (operator, left, right) {
        (Token::Equal, ..) => Value::Bool(equal(left, right)),
        (Token::NotEqual, ..) => Value::Bool(!equal(left, right)),
        (operator, Value::Number(left), Value::Number(right)) => Value::Bool(match operator {
            Token::Greater => left > right,
            Token::GreaterEqual => left >= right,
            Token::Less => left < right,
            _ => left <= right,
        }),
        _ => Value::Null,
    }
}

/// Whether two values are the same; the order of keys does not matter.
pub(super) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let has = |(key, value): &(_, _)| right.iter().any(|(other, twin)| other == key && equal(value, twin));
            left.len() == right.len() && left.iter().all(has)
        }
        (left, right) => left == right,
    }
}

fn slice<'a>(list: &[Value<'a>], [start, stop, step]: [Option<i64>; 3]) -> Result<Vec<Value<'a>>, Failed> {
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
