//! YAML with places, as Promtail's decoder (yaml.v2) understands it.

mod read;
mod scalar;

use std::fmt;

use indexmap::IndexMap;

pub use read::read;

/// Where something is written. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A value, and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value is written.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// A mapping, in the order it was written. Keys are text: `80:` is `"80"`.
pub type Map = IndexMap<String, Field>;

/// The value under a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Where the key is written.
    pub key: Place,
    /// What stands under it.
    pub node: Node,
}

/// What YAML holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~`, `null`.
    Null,
    /// A text, number or boolean.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A scalar: its text, and what YAML takes it for.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// As it is written, without quotes.
    pub text: String,
    /// What it is.
    pub kind: Kind,
}

/// What YAML takes a scalar for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond [`i64`].
    UInt(u64),
    /// Another number.
    Float(f64),
    /// Everything else, and what is quoted.
    Text,
}

impl Node {
    /// A node at a place.
    pub fn new(place: Place, value: Value) -> Self {
        Self { place, value }
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar: of a number or boolean, as it is written.
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|field| &field.node)
    }

    /// An error at this place.
    pub fn error(&self, message: impl Into<String>) -> ConfigError {
        self.place.error(message)
    }
}

impl Place {
    /// An error at this place.
    pub fn error(self, message: impl Into<String>) -> ConfigError {
        ConfigError { place: self, message: message.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
