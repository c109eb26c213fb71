//! Alloy's syntax: blocks with attributes and blocks in them.

use wharf_go::strconv;

use crate::yaml::{ConfigError, ErrorAt as _, Place};

/// Blocks and values may be as deep as this.
const DEEPEST: usize = 64;

/// A block: a component, or a part of one.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) place: Place,
    /// With its dots: `loki.write`.
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) attributes: Vec<(String, Value)>,
    pub(super) blocks: Vec<Block>,
}

impl Block {
    /// Its name and label, as others name it.
    pub(super) fn path(&self) -> String {
        match &self.label {
            Some(label) => format!("{}.{label}", self.name),
            None => self.name.clone(),
        }
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
    /// `discovery.docker.local.targets`
    Reference(String),
    Call(String, Vec<Value>),
    /// `left + right`
    Sum(Box<Value>, Box<Value>),
    /// Another operator.
    Operation(&'static str),
}

/// The operators, longer ones first.
const OPERATORS: [&str; 14] = ["==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "^", "<", ">"];

/// Reads a file.
pub(super) fn read(text: &str) -> Result<Vec<Block>, ConfigError> {
    // Some editors begin a file with a byte order mark.
    let mut parser = Parser { rest: text.trim_start_matches('\u{feff}'), place: Place { line: 1, column: 1 } };
    let (attributes, blocks) = parser.body(0)?;
    if let Some((name, value)) = attributes.first() {
        return Err(value.place.error(format!("`{name}` is outside of a block")));
    }
    if parser.rest.is_empty() { Ok(blocks) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    rest: &'a str,
    place: Place,
}

type Body = (Vec<(String, Value)>, Vec<Block>);

impl Parser<'_> {
    /// Attributes and blocks up to a closing brace or the end.
    fn body(&mut self, depth: usize) -> Result<Body, ConfigError> {
        let (mut attributes, mut blocks) = (Vec::new(), Vec::new());
        loop {
            self.blank();
            if self.rest.is_empty() || self.rest.starts_with('}') {
                return Ok((attributes, blocks));
            }
            let place = self.place;
            let name = self.path()?;
            self.blank();
            if self.takes('=') {
                attributes.push((name, self.value(depth + 1)?));
                continue;
            }
            let label = if self.rest.starts_with('"') { Some(self.quoted()?) } else { None };
            self.blank();
            self.expect('{')?;
            if depth > DEEPEST {
                return Err(place.error("too many blocks in one another"));
            }
            let (inner, parts) = self.body(depth + 1)?;
            self.expect('}')?;
            blocks.push(Block { place, name, label, attributes: inner, blocks: parts });
        }
    }

    /// An expression. All operators have one rank here, because only sums are evaluated.
    fn value(&mut self, depth: usize) -> Result<Value, ConfigError> {
        let mut value = self.operand(depth)?;
        loop {
            self.blank();
            let place = self.place;
            let Some(operator) = OPERATORS.into_iter().find(|operator| self.rest.starts_with(operator)) else {
                return Ok(value);
            };
            self.skip(operator.len());
            let right = self.operand(depth + 1)?;
            let kind = match operator {
                "+" => Kind::Sum(Box::new(value), Box::new(right)),
                operator => Kind::Operation(operator),
            };
            value = Value { place, kind };
        }
    }

    fn operand(&mut self, depth: usize) -> Result<Value, ConfigError> {
        self.blank();
        let place = self.place;
        if depth > DEEPEST {
            return Err(place.error("too many values in one another"));
        }
        let kind = match self.rest.chars().next() {
            Some('(') => {
                self.expect('(')?;
                let value = self.value(depth + 1)?;
                self.blank();
                self.expect(')')?;
                value.kind
            }
            Some('!') => {
                self.expect('!')?;
                self.operand(depth + 1)?;
                Kind::Operation("!")
            }
            Some('"') => Kind::Text(self.quoted()?),
            Some('`') => Kind::Text(self.raw()?),
            Some('[') => {
                self.expect('[')?;
                Kind::List(self.items(']', |parser| parser.value(depth + 1))?)
            }
            Some('{') => {
                self.expect('{')?;
                Kind::Object(self.items('}', |parser| parser.pair(depth))?)
            }
            Some(c) if c.is_ascii_digit() || c == '-' => {
                Kind::Number(self.while_matches(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))
            }
            _ => match self.reference(depth)?.as_str() {
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                "null" => Kind::Null,
                name if self.takes('(') => {
                    let arguments = self.items(')', |parser| parser.value(depth + 1))?;
                    Kind::Call(name.to_owned(), arguments)
                }
                name => Kind::Reference(name.to_owned()),
            },
        };
        Ok(Value { place, kind })
    }

    fn pair(&mut self, depth: usize) -> Result<(String, Value), ConfigError> {
        self.blank();
        let name = if self.rest.starts_with('"') { self.quoted()? } else { self.path()? };
        self.blank();
        self.expect('=')?;
        Ok((name, self.value(depth + 1)?))
    }

    /// A path, with what is picked from it: `component.name["key"].field[0]`.
    fn reference(&mut self, depth: usize) -> Result<String, ConfigError> {
        let mut path = self.path()?;
        while self.takes('[') {
            let index = self.value(depth + 1)?;
            self.blank();
            self.expect(']')?;
            path.push_str(&match index.kind {
                Kind::Text(text) => format!("[\"{text}\"]"),
                Kind::Number(text) => format!("[{text}]"),
                _ => "[...]".to_owned(),
            });
            path.push_str(&self.while_matches(|c| c.is_alphanumeric() || matches!(c, '_' | '.')));
        }
        Ok(path)
    }

    /// Items with commas between them, up to `end`.
    fn items<T>(
        &mut self,
        end: char,
        item: impl Fn(&mut Self) -> Result<T, ConfigError>,
    ) -> Result<Vec<T>, ConfigError> {
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.takes(end) {
                return Ok(items);
            }
            items.push(item(self)?);
            self.blank();
            if !self.takes(',') {
                self.expect(end)?;
                return Ok(items);
            }
        }
    }

    /// Names with dots between them.
    fn path(&mut self) -> Result<String, ConfigError> {
        let name = self.while_matches(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        if name.is_empty() { Err(self.unexpected()) } else { Ok(name) }
    }

    fn quoted(&mut self) -> Result<String, ConfigError> {
        let place = self.place;
        let text = strconv::quoted_length(self.rest).and_then(|length| {
            let text = strconv::unquote(&self.rest[..length])?;
            self.skip(length);
            Some(text)
        });
        text.ok_or_else(|| place.error("a string that does not end, or has an invalid escape"))
    }

    fn raw(&mut self) -> Result<String, ConfigError> {
        let place = self.place;
        self.skip(1);
        let end = self.rest.find('`').ok_or_else(|| place.error("a text that does not end"))?;
        let text = self.rest[..end].to_owned();
        self.skip(end + 1);
        Ok(text)
    }

    fn blank(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.skip(blank);
            if self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.skip(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
            } else {
                return;
            }
        }
    }

    fn while_matches(&mut self, matches: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !matches(c)).unwrap_or(self.rest.len());
        let text = self.rest[..end].to_owned();
        self.skip(end);
        text
    }

    fn takes(&mut self, c: char) -> bool {
        let found = self.rest.starts_with(c);
        if found {
            self.skip(c.len_utf8());
        }
        found
    }

    fn expect(&mut self, c: char) -> Result<(), ConfigError> {
        if self.takes(c) { Ok(()) } else { Err(self.place.error(format!("expected `{c}`"))) }
    }

    fn unexpected(&self) -> ConfigError {
        match self.rest.chars().next() {
            Some(c) => self.place.error(format!("`{c}` is not expected here")),
            None => self.place.error("the file ends too early"),
        }
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        for c in skipped.chars() {
            if c == '\n' {
                self.place = Place { line: self.place.line + 1, column: 1 };
            } else {
                self.place.column += 1;
            }
        }
        self.rest = rest;
    }
}
