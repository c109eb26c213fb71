//! Comparing values.

use wharf_go::json::JsonValue;

use super::lexer::Token;

/// Whether a condition takes the value for false.
pub(super) fn is_false(value: &JsonValue<'_>) -> bool {
    match value {
        JsonValue::Null | JsonValue::Bool(false) => true,
        JsonValue::Text(text) => text.is_empty(),
        JsonValue::List(list) => list.is_empty(),
        JsonValue::Object(fields) => fields.is_empty(),
        JsonValue::Bool(true) | JsonValue::Number(_) => false,
    }
}

/// Compares by an operator; only numbers have an order.
pub(super) fn compare<'a>(operator: &Token, left: &JsonValue<'_>, right: &JsonValue<'_>) -> JsonValue<'a> {
    match (operator, left, right) {
        (Token::Equal, ..) => JsonValue::Bool(equal(left, right)),
        (Token::NotEqual, ..) => JsonValue::Bool(!equal(left, right)),
        (operator, JsonValue::Number(left), JsonValue::Number(right)) => JsonValue::Bool(match operator {
            Token::Greater => left > right,
            Token::GreaterEqual => left >= right,
            Token::Less => left < right,
            _ => left <= right,
        }),
        _ => JsonValue::Null,
    }
}

/// Whether two values are the same; the order of keys does not matter.
pub(super) fn equal(left: &JsonValue<'_>, right: &JsonValue<'_>) -> bool {
    match (left, right) {
        (JsonValue::List(left), JsonValue::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (JsonValue::Object(left), JsonValue::Object(right)) => {
            let has = |(key, value): &(_, _)| right.iter().any(|(other, twin)| other == key && equal(value, twin));
            left.len() == right.len() && left.iter().all(has)
        }
        (left, right) => left == right,
    }
}
