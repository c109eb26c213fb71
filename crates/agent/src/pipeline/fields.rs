//! Reading of a stage's configuration, as Promtail's decoder (mapstructure) does it: unknown keys and the case of keys do
//! not matter, null is as if nothing was written, and some stages convert types (`weak`) where others refuse.

use wharf_go::regexp::{self, Regex};

use crate::yaml::{ConfigError, ErrorAt as _, Kind, Map, Node, Scalar, Value};
use wharf_go::strconv;

/// What is wrong with a configuration.
pub(super) type Errors = Vec<ConfigError>;

/// A key of a mapping, its text if it has one, and its place.
pub(super) type Texts<'n> = Vec<(String, Option<String>, &'n Node)>;

/// A stage's settings while they are read; faults are gathered.
pub(super) struct Fields<'n> {
    pub(super) node: &'n Node,
    map: Option<&'n Map>,
    weak: bool,
    errors: Errors,
}

impl<'n> Fields<'n> {
    /// Settings whose types must be right.
    pub(super) fn strict(node: &'n Node) -> Self {
        Self::new(node, false)
    }

    /// Settings whose types are converted.
    pub(super) fn weak(node: &'n Node) -> Self {
        Self::new(node, true)
    }

    fn new(node: &'n Node, weak: bool) -> Self {
        let mut errors = Vec::new();
        if node.as_map().is_none() && !node.is_null() {
            errors.push(node.error("the stage's settings must be a mapping"));
        }
        Self { node, map: node.as_map(), weak, errors }
    }

    /// The settings that were read, or all faults. A setting that could not be read is `None`, with its fault noted.
    pub(super) fn complete<T>(self, settings: Option<T>) -> Result<T, Errors> {
        match settings {
            Some(settings) if self.errors.is_empty() => Ok(settings),
            _ => Err(self.errors),
        }
    }

    /// Notes a fault of a setting.
    pub(super) fn fail(&mut self, name: &str, message: impl Into<String>) {
        let place = self.find(name).map_or(self.node.span, |node| node.span);
        self.errors.push(place.error(message));
    }

    pub(super) fn extend(&mut self, errors: Errors) {
        self.errors.extend(errors);
    }

    /// The value of a setting; `None` for null.
    pub(super) fn find(&self, name: &str) -> Option<&'n Node> {
        let map = self.map?;
        let field = map
            .get(name)
            .or_else(|| map.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, field)| field))?;
        (!field.is_null()).then_some(field)
    }

    fn read<T>(&mut self, name: &str, kind: &str, convert: impl Fn(&Scalar, bool) -> Option<T>) -> Option<T> {
        let node = self.find(name)?;
        let value = node.as_scalar().and_then(|scalar| convert(scalar, self.weak));
        if value.is_none() {
            self.fail(name, format!("`{name}` must be {kind}"));
        }
        value
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, "a text", text)
    }

    /// A text that must be there, and not empty.
    pub(super) fn required_text(&mut self, name: &str) -> Option<String> {
        let faults = self.errors.len();
        let text = self.text(name).filter(|text| !text.is_empty());
        if text.is_none() && faults == self.errors.len() {
            self.fail(name, format!("`{name}` is missing"));
        }
        text
    }

    /// The optional name of an extracted value to read in place of the line.
    pub(super) fn source(&mut self) -> Option<String> {
        let source = self.text("source");
        if source.as_deref() == Some("") {
            self.fail("source", "`source` is empty: name a value, or leave it out to read the line");
        }
        source
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", |scalar, weak| match scalar.kind {
            Kind::Bool(value) => Some(value),
            _ if !weak => None,
            Kind::Int(number) => Some(number != 0),
            Kind::UInt(number) => Some(number != 0),
            Kind::Float(number) => Some(number != 0.0),
            Kind::Text => match scalar.text.as_str() {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
                "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
                _ => None,
            },
        })
    }

    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        self.read(name, "a number", number)
    }

    pub(super) fn int(&mut self, name: &str) -> Option<i64> {
        self.read(name, "a whole number", int)
    }

    pub(super) fn uint(&mut self, name: &str) -> Option<u64> {
        self.read(name, "a whole number, and not below 0", |scalar, weak| match int(scalar, weak) {
            Some(number) if weak || number >= 0 => Some(number.cast_unsigned()),
            Some(_) => None,
            None if weak && scalar.kind == Kind::Text => strconv::parse_uint(&scalar.text),
            None => None,
        })
    }

    /// A list of texts; weakly, one text too.
    pub(super) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let node = self.find(name)?;
        match list_of_texts(node, self.weak) {
            Ok(texts) => Some(texts),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    /// A duration as Go writes it, `1h30m`; in nanoseconds.
    pub(super) fn duration(&mut self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let duration = wharf_go::time::parse_duration(&text);
        if duration.is_none() {
            self.fail(name, format!("`{text}` is not a duration: write `300ms`, `1h30m`; there is no unit for days"));
        }
        duration
    }

    pub(super) fn regex(&mut self, name: &str) -> Option<Regex> {
        let expression = self.text(name)?;
        match regexp::compile(&expression) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.fail(name, error.to_string());
                None
            }
        }
    }

    /// A mapping of texts to optional texts.
    pub(super) fn text_map(&mut self, name: &str) -> Option<Texts<'n>> {
        match text_map(self.find(name)?) {
            Ok(entries) => Some(entries),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }
}

/// A stage's settings that are a mapping of texts to optional texts; null is an empty one.
pub(super) fn text_map(node: &Node) -> Result<Texts<'_>, Errors> {
    let map = match &node.value {
        Value::Null => return Ok(Vec::new()),
        Value::Map(map) => map,
        _ => return Err(vec![node.error("this must be a mapping, as `name: value`")]),
    };
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for (name, field) in map {
        match &field.value {
            Value::Null => entries.push((name.clone(), None, field)),
            Value::Scalar(Scalar { text, kind: Kind::Text, .. }) => {
                entries.push((name.clone(), Some(text.clone()), field))
            }
            _ => errors.push(field.error(format!("the value of `{name}` must be a text; put it in quotes"))),
        }
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors) }
}

/// A list of texts.
pub(super) fn list_of_texts(node: &Node, weak: bool) -> Result<Vec<String>, Errors> {
    let one = |node: &Node| match &node.value {
        Value::Null => Ok(String::new()),
        Value::Scalar(scalar) => text(scalar, weak).ok_or_else(|| node.error("this must be a text; put it in quotes")),
        _ => Err(node.error("this must be a text")),
    };
    let list = match &node.value {
        Value::List(list) => list.as_slice(),
        Value::Scalar(_) if weak => std::slice::from_ref(node),
        Value::Map(map) if weak && map.is_empty() => &[],
        _ => return Err(vec![node.error("this must be a list")]),
    };
    let (mut texts, mut errors) = (Vec::new(), Vec::new());
    for item in list {
        match one(item) {
            Ok(text) => texts.push(text),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(texts) } else { Err(errors) }
}

fn text(scalar: &Scalar, weak: bool) -> Option<String> {
    match scalar.kind {
        Kind::Text => Some(scalar.text.clone()),
        _ if !weak => None,
        Kind::Bool(value) => Some(if value { "1" } else { "0" }.to_owned()),
        Kind::Int(number) => Some(number.to_string()),
        Kind::UInt(number) => Some(number.to_string()),
        Kind::Float(number) => Some(number.to_string()),
    }
}

pub(super) fn number(scalar: &Scalar, weak: bool) -> Option<f64> {
    match scalar.kind {
        Kind::Int(number) => Some(number as f64),
        Kind::UInt(number) => Some(number as f64),
        Kind::Float(number) => Some(number),
        Kind::Bool(value) if weak => Some(f64::from(u8::from(value))),
        Kind::Text if weak && scalar.text.is_empty() => Some(0.0),
        Kind::Text if weak => strconv::parse_float(&scalar.text),
        _ => None,
    }
}

fn int(scalar: &Scalar, weak: bool) -> Option<i64> {
    match scalar.kind {
        Kind::Int(number) => Some(number),
        Kind::UInt(number) => Some(number.cast_signed()),
        Kind::Float(number) => Some(number as i64),
        Kind::Bool(value) if weak => Some(i64::from(value)),
        Kind::Text if weak && scalar.text.is_empty() => Some(0),
        Kind::Text if weak => match scalar.text.strip_prefix('-') {
            Some(digits) => strconv::parse_uint(digits).and_then(|number| 0_i64.checked_sub_unsigned(number)),
            None => strconv::parse_uint(scalar.text.strip_prefix('+').unwrap_or(&scalar.text))?.try_into().ok(),
        },
        _ => None,
    }
}
