//! The values of templates.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::failed::Failed;
use crate::time::{Layout, Location, format};

/// Most bytes of a template's output, and of any value.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// A value and its Go type.
#[derive(Debug, Clone)]
pub enum Value {
    /// nil, or no value at all.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `float64`
    Float(f64),
    /// `string`
    Text(Rc<str>),
    /// A slice.
    List(Rc<Vec<Value>>, Items),
    /// `map[string]interface {}`, shared: `set` changes it for all.
    Map(Rc<RefCell<BTreeMap<String, Value>>>),
    /// `map[string]string`
    TextMap(Rc<BTreeMap<String, Rc<str>>>),
    /// Nanoseconds since 1970.
    Time(i64),
    /// A struct of the caller's.
    Object(Rc<dyn Object>),
}

/// A struct whose fields and methods a template may use. Unlike a map's, a field that does not exist fails.
pub trait Object: std::fmt::Debug {
    /// The value of a field; `None` if there is no such field.
    fn field(&self, name: &str) -> Option<Value>;

    /// Calls a method; `None` if there is no such method.
    fn call(&self, _name: &str, _arguments: &[Value]) -> Option<Result<Value, Failed>> {
        None
    }

    /// As `%v` prints it.
    fn show(&self) -> String;

    /// As JSON.
    fn json(&self) -> String;
}

/// The Go type of a list's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    /// `interface {}`
    Any,
    /// `string`
    Text,
    /// `int`
    Int,
    /// `[]interface {}`
    Lists,
}

/// A string.
pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A `[]interface {}`.
pub fn list(items: Vec<Value>) -> Value {
    Value::List(Rc::new(items), Items::Any)
}

/// A `[]string`.
pub fn texts(items: impl IntoIterator<Item = impl AsRef<str>>) -> Value {
    Value::List(Rc::new(items.into_iter().map(|item| text(item.as_ref())).collect()), Items::Text)
}

/// A `map[string]interface {}`.
pub fn map(fields: BTreeMap<String, Value>) -> Value {
    Value::Map(Rc::new(RefCell::new(fields)))
}

impl Value {
    /// The name of the Go type, as `%T` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(_, Items::Any) => "[]interface {}",
            Self::List(_, Items::Text) => "[]string",
            Self::List(_, Items::Int) => "[]int",
            Self::List(_, Items::Lists) => "[][]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::TextMap(_) => "map[string]string",
            Self::Time(_) => "time.Time",
            Self::Object(_) => "struct",
        }
    }

    /// The kind, as Go's `reflect.Kind` prints it.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::List(..) => "slice",
            Self::Map(_) | Self::TextMap(_) => "map",
            Self::Time(_) => "struct",
            other => other.type_name(),
        }
    }

    /// Whether `if` takes it for true: it is not empty and not zero.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Time(_) | Self::Object(_) => true,
            other => !other.is_empty(),
        }
    }

    /// What Sprig calls empty.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::Bool(value) => !value,
            Self::Int(number) | Self::Int64(number) => *number == 0,
            Self::Float(number) => *number == 0.0,
            Self::Text(text) => text.is_empty(),
            Self::List(items, _) => items.is_empty(),
            Self::Map(fields) => fields.borrow().is_empty(),
            Self::TextMap(fields) => fields.is_empty(),
            Self::Time(_) | Self::Object(_) => false,
        }
    }

    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.len()),
            Self::List(items, _) => Some(items.len()),
            Self::Map(fields) => Some(fields.borrow().len()),
            Self::TextMap(fields) => Some(fields.len()),
            _ => None,
        }
    }

    /// As Go's `%v` prints it.
    pub fn show(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        // A map may be put into itself.
        if depth > 50 {
            return;
        }
        match self {
            Self::Nil => out.push_str("<nil>"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(number) | Self::Int64(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&super::float::general(*number)),
            Self::Text(text) => out.push_str(text),
            Self::List(items, _) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { " " } else { "" });
                    item.write(out, depth + 1);
                }
                out.push(']');
            }
            Self::Map(fields) => {
                out.push_str("map[");
                for (index, (key, value)) in fields.borrow().iter().enumerate() {
                    out.push_str(if index > 0 { " " } else { "" });
                    out.push_str(key);
                    out.push(':');
                    value.write(out, depth + 1);
                }
                out.push(']');
            }
            Self::TextMap(fields) => {
                let pairs: Vec<_> = fields.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                out.push_str(&format!("map[{}]", pairs.join(" ")));
            }
            Self::Time(time) => {
                let layout = Layout::new("2006-01-02 15:04:05.999999999 -0700 MST");
                out.push_str(&format(&layout, *time, &Location::utc()));
            }
            Self::Object(object) => out.push_str(&object.show()),
        }
    }
}

/// Whether two values are the same, types included: Go's `reflect.DeepEqual`.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) | (Value::Time(a), Value::Time(b)) => {
            a == b
        }
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::List(a, kind), Value::List(b, other)) => {
            kind == other && a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((key, a), (other, b))| key == other && same(a, b))
        }
        (Value::TextMap(a), Value::TextMap(b)) => a == b,
        (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}
