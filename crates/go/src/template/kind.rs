//! What a function takes.

use super::value::{Value, map};

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Any,
    /// `string`
    Text,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `float64`
    Float,
    /// `bool`
    Bool,
    /// `map[string]interface {}`
    Map,
    /// `time.Time`
    Time,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Any => "any value",
            Self::Text => "a string",
            Self::Int => "an int",
            Self::Int64 => "an int64",
            Self::Float => "a float64",
            Self::Bool => "a bool",
            Self::Map => "a map",
            Self::Time => "a time",
        })
    }
}

impl Kind {
    /// The value, if it is of this kind (Go converts nothing); else its type.
    pub(super) fn check(self, value: Value) -> std::result::Result<Value, &'static str> {
        match (self, &value) {
            (Self::Any, _)
            | (Self::Text, Value::Text(_))
            | (Self::Int, Value::Int(_))
            | (Self::Int64, Value::Int64(_))
            | (Self::Float, Value::Float(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Map, Value::Map(_))
            | (Self::Time, Value::Time(_)) => Ok(value),
            (Self::Map, Value::Nil) => Ok(map(Default::default())),
            (_, Value::Nil) => Err("nil"),
            _ => Err(value.type_name()),
        }
    }

    pub(super) fn may_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Map)
    }
}
