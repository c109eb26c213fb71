//! A JSON value.

use std::borrow::Cow;

/// A value. Text borrows from the line where it has no escapes.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as 64 bit float.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<JsonValue<'a>>),
    /// An object, keys in the order they come; each once.
    Object(Vec<(Cow<'a, str>, JsonValue<'a>)>),
}

impl JsonValue<'_> {
    /// The same, with all text its own.
    pub fn into_owned(self) -> JsonValue<'static> {
        match self {
            JsonValue::Null => JsonValue::Null,
            JsonValue::Bool(value) => JsonValue::Bool(value),
            JsonValue::Number(value) => JsonValue::Number(value),
            JsonValue::Text(text) => JsonValue::Text(Cow::Owned(text.into_owned())),
            JsonValue::List(list) => JsonValue::List(list.into_iter().map(JsonValue::into_owned).collect()),
            JsonValue::Object(fields) => JsonValue::Object(
                fields.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect(),
            ),
        }
    }
}
