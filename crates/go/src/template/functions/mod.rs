//! The functions that templates call: Go's, Sprig's, and those of the caller.

mod builtin;
mod dates;
mod encodings;
mod lists;
mod maps;
mod numbers;
mod regexes;
mod strings;

pub(super) use self::dates::time_method;
use super::value::{Value, map};
use super::{Failed, Regexes};
use crate::regexp::Regex;

type Result<T> = std::result::Result<T, Failed>;

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
    name: &'static str,
    signature: &'static str,
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

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Text,
    Int,
    Int64,
    Float,
    Bool,
    Map,
    Time,
}

impl Kind {
    /// The value, if it is of this kind; Go converts nothing.
    pub(super) fn check(self, value: Value) -> Result<Value> {
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
            _ => Err(Failed),
        }
    }

    pub(super) fn may_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Map)
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

    pub(super) fn check_count(&self, count: usize) -> Result<()> {
        let (letters, more) = self.letters();
        let fits = if more { count + 1 >= letters.len() } else { count == letters.len() };
        if fits { Ok(()) } else { Err(Failed) }
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

/// Sprig's functions that are not here: they make keys and certificates, hash passwords, or ask the network
/// or the environment.
const LEFT_OUT: [&str; 19] = [
    "bcrypt",
    "htpasswd",
    "genPrivateKey",
    "derivePassword",
    "buildCustomCert",
    "genCA",
    "genCAWithKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "encryptAES",
    "decryptAES",
    "getHostByName",
    "env",
    "expandenv",
    "semver",
    "semverCompare",
    "call",
];

/// The functions that templates may call.
#[derive(Debug, Clone)]
pub struct FunctionTable {
    groups: Vec<&'static [Function]>,
}

impl FunctionTable {
    /// The functions that Go's package has by itself.
    pub fn go() -> Self {
        Self { groups: vec![builtin::FUNCTIONS] }
    }

    /// Adds Sprig's functions.
    #[must_use]
    pub fn with_sprig(mut self) -> Self {
        self.groups.extend([
            encodings::FUNCTIONS,
            dates::FUNCTIONS,
            maps::FUNCTIONS,
            lists::FUNCTIONS,
            numbers::FUNCTIONS,
            strings::FUNCTIONS,
            regexes::FUNCTIONS,
        ]);
        self
    }

    /// Adds functions. One whose name is taken replaces the other.
    #[must_use]
    pub fn with(mut self, functions: &'static [Function]) -> Self {
        self.groups.push(functions);
        self
    }

    pub(super) fn find(&self, name: &str) -> std::result::Result<&'static Function, String> {
        let found = self.groups.iter().rev().copied().flatten().find(|function| function.name == name);
        found.ok_or_else(|| match name {
            name if LEFT_OUT.contains(&name) => {
                format!("the function {name} is left out: templates have no access to keys, passwords, the network or the environment")
            }
            name => format!("there is no function {name}"),
        })
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

/// A text cut at bytes, as Go cuts it; half characters become U+FFFD.
fn slice(text: &str, from: usize, to: usize) -> Result<Value> {
    let bytes = text.as_bytes().get(from..to).ok_or(Failed)?;
    Ok(super::value::text(&String::from_utf8_lossy(bytes)))
}
