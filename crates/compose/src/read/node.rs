//! The tree that a YAML document is read into; every later stage turns such a tree into another.

use indexmap::IndexMap;

/// A mapping, in the order it was written. Its hashes are seeded by the process, and several times as fast as SipHash.
pub(crate) type Map = IndexMap<String, Node, foldhash::fast::RandomState>;

/// A piece of text in one of the sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Index of the source in the [`Report`](crate::report::findings::Report).
    pub(crate) source: u32,
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column in characters, from 1.
    pub(crate) column: u32,
    /// Length in characters on that line.
    pub(crate) len: u32,
}

/// A value, and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Where the value is written.
    pub(crate) span: Span,
    /// Where its key is written; the value's own place for what has no key.
    pub(crate) key: Span,
    /// The alias or merge key that brought the value here from its anchor.
    pub(crate) used: Option<Span>,
    /// `!reset` or `!override`.
    pub(crate) tag: Tag,
    pub(crate) value: Value,
}

/// What an override file asks for beyond merging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tag {
    #[default]
    None,
    /// `!reset`: forget what earlier files say.
    Reset,
    /// `!override`: take this instead of what earlier files say.
    Override,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Map),
}

/// A scalar as it is written; what it means depends on the field (see [`crate::read::scalar`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Text whatever it looks like: quoted, a block, tagged `!!str`, or made by interpolation.
    pub(crate) quoted: bool,
}

impl Node {
    pub(crate) fn new(span: Span, value: Value) -> Self {
        Self { span, key: span, used: None, tag: Tag::None, value }
    }

    /// Number of nodes in the tree.
    pub(crate) fn size(&self) -> usize {
        match &self.value {
            Value::List(list) => list.iter().map(Node::size).sum::<usize>() + 1,
            Value::Map(map) => map.values().map(Node::size).sum::<usize>() + 1,
            Value::Null | Value::Scalar(_) => 1,
        }
    }

    /// A node that a short form stands for: the same place, another value.
    pub(crate) fn at(&self, value: Value) -> Self {
        Self { span: self.span, key: self.key, used: self.used, tag: self.tag, value }
    }

    pub(crate) fn text(&self, text: impl Into<String>) -> Self {
        self.at(Value::Scalar(Scalar { text: text.into(), quoted: true }))
    }

    /// A map at this node's place.
    pub(crate) fn map<const N: usize>(&self, entries: [(&str, Node); N]) -> Self {
        self.at(Value::Map(entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect()))
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    pub(crate) fn as_list_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value under `key` of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_map_mut()?.get_mut(key)
    }

    /// The text of the scalar under `key` of a map.
    pub(crate) fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Sets `key` of a map; of no effect on anything else.
    pub(crate) fn set(&mut self, key: &str, node: Node) {
        if let Some(map) = self.as_map_mut() {
            map.insert(key.to_owned(), node);
        }
    }

    /// Sets `key` of a map unless it is there.
    pub(crate) fn set_default(&mut self, key: &str, text: &str) {
        if self.get(key).is_none() {
            let node = self.text(text);
            self.set(key, node);
        }
    }
}
