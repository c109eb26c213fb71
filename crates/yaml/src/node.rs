//! The tree that a text is read into.

use indexmap::IndexMap;

use crate::dialect::Kind;

/// A mapping, in the order it was written. Its hashes are seeded by the process, and several times as fast as SipHash.
pub type Map = IndexMap<String, Node, foldhash::fast::RandomState>;

/// A piece of text in a source. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Number of the source, which the caller of [`read`](crate::read) gives it.
    pub source: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters on that line.
    pub len: u32,
}

/// A value, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value is written.
    pub span: Span,
    /// Where its key is written; the value's own place for what has no key.
    pub key: Span,
    /// The alias or merge key that brought the value here from its anchor.
    pub used: Option<Span>,
    /// The local tag, if the dialect knows it.
    pub tag: Tag,
    /// The value.
    pub value: Value,
}

/// A local tag (`!reset`) by its position in [`Dialect::tags`](crate::Dialect::tags), or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tag(u8);

impl Tag {
    /// No tag, or one that the dialect does not know.
    pub const NONE: Tag = Tag(0);

    /// The tag at a position in [`Dialect::tags`](crate::Dialect::tags), from 0 to 254.
    pub const fn nth(position: u8) -> Self {
        Tag(position.saturating_add(1))
    }
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

/// A scalar as it is written, and what the dialect takes it for.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text, without quotes.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    /// Text whatever it looks like: quoted, a block, or tagged `!!str`.
    pub quoted: bool,
}

impl Scalar {
    /// Text, whatever it looks like.
    pub fn quoted(text: impl Into<String>) -> Self {
        Self { text: text.into(), kind: Kind::Text, quoted: true }
    }
}

impl Node {
    /// A node at a place.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, key: span, used: None, tag: Tag::NONE, value }
    }

    /// Number of nodes in the tree.
    pub fn size(&self) -> usize {
        match &self.value {
            Value::List(list) => list.iter().map(Node::size).sum::<usize>() + 1,
            Value::Map(map) => map.values().map(Node::size).sum::<usize>() + 1,
            Value::Null | Value::Scalar(_) => 1,
        }
    }

    /// A node that replaces a short form, with the same place and another value.
    pub fn at(&self, value: Value) -> Self {
        Self { span: self.span, key: self.key, used: self.used, tag: self.tag, value }
    }

    /// Text at this node's place.
    pub fn text(&self, text: impl Into<String>) -> Self {
        self.at(Value::Scalar(Scalar::quoted(text)))
    }

    /// A map at this node's place.
    pub fn map<const N: usize>(&self, entries: [(&str, Node); N]) -> Self {
        self.at(Value::Map(entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect()))
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
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

    /// The list, if it is one.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
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
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The value under `key` of a map.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_map_mut()?.get_mut(key)
    }

    /// The text of the scalar under `key` of a map.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Sets `key` of a map; of no effect on anything else.
    pub fn set(&mut self, key: &str, node: Node) {
        if let Some(map) = self.as_map_mut() {
            map.insert(key.to_owned(), node);
        }
    }

    /// Sets `key` of a map unless it is there.
    pub fn set_default(&mut self, key: &str, text: &str) {
        if self.get(key).is_none() {
            let node = self.text(text);
            self.set(key, node);
        }
    }
}
