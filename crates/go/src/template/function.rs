//! What a function is: its name, the types that it takes, and its body.

use super::failed::Failed;
use super::kind::Kind;
use super::regexes::Regexes;
use super::value::{Value, text};
use crate::regexp::Regex;

pub(super) type Result<T> = std::result::Result<T, Failed>;

/// What a function knows beside its arguments.
#[derive(Debug)]
pub struct Context<'t> {
    regexes: &'t Regexes,
    /// Nanoseconds since 1970.
    pub now: i64,
}

impl<'t> Context<'t> {
    pub(super) fn new(regexes: &'t Regexes, now: i64) -> Self {
        Self { regexes, now }
    }

    /// A regular expression, which the template keeps compiled.
    ///
    /// # Errors
    ///
    /// The expression is wrong.
    pub fn regex(&self, expression: &str) -> Result<Regex> {
        self.regexes.get(expression)
    }
}

/// A function and the types that it takes.
pub struct Function {
    pub(super) name: &'static str,
    pub(super) signature: &'static str,
    pub(super) call: Call,
    /// `and` and `or`: the truth that decides.
    pub(super) short_circuit: Option<bool>,
}

/// The body of a function: it is called with arguments that fit the signature.
pub type Call = fn(&[Value], &Context<'_>) -> Result<Value>;

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name, self.signature)
    }
}

/// A function. `signature` has a letter for each argument: `s`tring, `i`nt, int6`4`, `f`loat64, `b`ool, `a`nything, `m`ap,
/// `t`ime. A `*` at the end: the last argument may come any number of times, or not at all.
pub const fn function(name: &'static str, signature: &'static str, call: Call) -> Function {
    Function { name, signature, call, short_circuit: None }
}

impl Function {
    fn letters(&self) -> (&'static [u8], bool) {
        match self.signature.strip_suffix('*') {
            Some(letters) => (letters.as_bytes(), true),
            None => (self.signature.as_bytes(), false),
        }
    }

    /// Whether it may be called with so many arguments.
    pub(super) fn takes(&self, count: usize) -> bool {
        let (letters, more) = self.letters();
        if more { count + 1 >= letters.len() } else { count == letters.len() }
    }

    pub(super) fn kind(&self, index: usize) -> Kind {
        let (letters, _) = self.letters();
        match letters.get(index).or(letters.last()) {
            Some(b's') => Kind::Text,
            Some(b'i') => Kind::Int,
            Some(b'4') => Kind::Int64,
            Some(b'f') => Kind::Float,
            Some(b'b') => Kind::Bool,
            Some(b'm') => Kind::Map,
            Some(b't') => Kind::Time,
            _ => Kind::Any,
        }
    }
}

/// The arguments of a call, by type. The signature has checked them already where it names the type.
#[allow(clippy::missing_errors_doc, reason = "each fails in the same way: the argument is missing or of another type")]
pub trait Arguments {
    /// A string.
    fn text(&self, index: usize) -> Result<&str>;
    /// An `int` or an `int64`.
    fn int(&self, index: usize) -> Result<i64>;
    /// A `float64`.
    fn float(&self, index: usize) -> Result<f64>;
    /// A `bool`.
    fn flag(&self, index: usize) -> Result<bool>;
    /// The items of a slice.
    fn items(&self, index: usize) -> Result<&[Value]>;
}

impl Arguments for [Value] {
    fn text(&self, index: usize) -> Result<&str> {
        match self.get(index) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Failed),
        }
    }

    fn int(&self, index: usize) -> Result<i64> {
        match self.get(index) {
            Some(Value::Int(number) | Value::Int64(number)) => Ok(*number),
            _ => Err(Failed),
        }
    }

    fn float(&self, index: usize) -> Result<f64> {
        match self.get(index) {
            Some(Value::Float(number)) => Ok(*number),
            _ => Err(Failed),
        }
    }

    fn flag(&self, index: usize) -> Result<bool> {
        match self.get(index) {
            Some(Value::Bool(value)) => Ok(*value),
            _ => Err(Failed),
        }
    }

    fn items(&self, index: usize) -> Result<&[Value]> {
        match self.get(index) {
            Some(Value::List(items, _)) => Ok(items),
            _ => Err(Failed),
        }
    }
}

/// A string cut at bytes, as Go cuts it; partial characters become U+FFFD.
pub(super) fn slice(whole: &str, from: usize, to: usize) -> Result<Value> {
    let bytes = whole.as_bytes().get(from..to).ok_or(Failed)?;
    Ok(text(&String::from_utf8_lossy(bytes)))
}
