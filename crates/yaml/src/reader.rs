//! Text to nodes.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{
    ErrorKind as ParserError, Event, Marker, Parser, ScalarStyle, ScanError, Span as Range, Tag as YamlTag,
};

use crate::dialect::{Dialect, Keys, Kind};
use crate::error::{Error, ErrorKind};
use crate::limits::ReadLimits;
use crate::node::{Map, Node, Scalar, Span, Tag, Value};

/// What a text holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documents {
    /// The documents; after an error that ends the reading, those before it.
    pub documents: Vec<Node>,
    /// What is wrong. Nodes leave out what is.
    pub errors: Vec<Error>,
    /// Number of values, keys not counted, copies by aliases not counted.
    pub nodes: usize,
}

/// Reads all documents of a text. `source` is the number that spans carry.
pub fn read(text: &str, source: u32, dialect: &Dialect, limits: &ReadLimits) -> Documents {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
    };
    let events = Parser::new_from_str_with_options(text, options);
    let mut reader =
        Reader { events, source, dialect, limits, errors: Vec::new(), anchors: HashMap::new(), nodes: 0, copied: 0 };
    let mut documents = Vec::new();
    while let Ok(Some(node)) = reader.document() {
        documents.push(node);
    }
    Documents { documents, errors: reader.errors, nodes: reader.nodes }
}

/// The rest of the text cannot be read; the errors say why.
struct Stop;

/// A finished anchored node.
struct Anchor {
    node: Node,
    size: usize,
    depth: usize,
}

struct Reader<'r, E> {
    events: E,
    source: u32,
    dialect: &'r Dialect,
    limits: &'r ReadLimits,
    errors: Vec<Error>,
    /// By the parser's number; `None` while the anchored node is still being read.
    anchors: HashMap<usize, Option<Anchor>>,
    nodes: usize,
    copied: usize,
}

impl<'t, E: Iterator<Item = Result<(Event<'t>, Range), ScanError>>> Reader<'_, E> {
    /// The next document; `None` at the end of the text.
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        loop {
            match self.next()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _)) => {}
                Some((event, range)) => return self.node(event, range, 0).map(Some),
            }
        }
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Range)>, Stop> {
        match self.events.next() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => {
                let at = self.span(*error.marker(), *error.marker());
                self.stop(
                    at,
                    match error.kind() {
                        ParserError::RecursionLimitExceeded => ErrorKind::TooDeep(self.limits.depth),
                        _ => ErrorKind::Syntax(error.info().to_owned()),
                    },
                )
            }
        }
    }

    fn error(&mut self, span: Span, kind: ErrorKind) {
        self.errors.push(Error { span, kind });
    }

    fn stop<T>(&mut self, span: Span, kind: ErrorKind) -> Result<T, Stop> {
        self.error(span, kind);
        Err(Stop)
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        let len = if start.line() == end.line() { end.index().saturating_sub(start.index()) } else { 1 };
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Span { source: self.source, line: number(start.line()), column: number(start.col() + 1), len: number(len) }
    }

    fn node(&mut self, event: Event<'t>, range: Range, depth: usize) -> Result<Node, Stop> {
        let span = self.span(range.start, range.end);
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return self.stop(span, ErrorKind::TooManyNodes(self.limits.nodes));
        }
        if depth > self.limits.depth {
            return self.stop(span, ErrorKind::TooDeep(self.limits.depth));
        }
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.clone()),
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag) => (*anchor, tag.clone()),
            _ => (0, None),
        };
        let (nodes, copied) = (self.nodes, self.copied);
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        let value = match event {
            Event::Alias(id) => return self.alias(id, span, depth),
            Event::UnresolvedAlias(name) => {
                self.error(span, ErrorKind::UnknownAnchor(name.to_string()));
                Value::Null
            }
            Event::Scalar(text, style, _, tag) => self.scalar(text, style, tag.as_deref()),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => return self.stop(span, ErrorKind::Syntax("a value was expected".to_owned())),
        };
        let mut node = Node::new(span, value);
        node.tag = tag.as_deref().map_or(Tag::NONE, |tag| self.tag(tag));
        if anchor > 0 {
            let size = self.nodes - nodes + self.copied - copied + 1;
            self.anchors.insert(anchor, Some(Anchor { depth: height(&node), node: node.clone(), size }));
        }
        Ok(node)
    }

    fn tag(&self, tag: &YamlTag) -> Tag {
        let written = tag.original();
        let position = self.dialect.tags.iter().position(|known| *known == written);
        position.and_then(|position| u8::try_from(position).ok()).map_or(Tag::NONE, Tag::nth)
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<Node, Stop> {
        let Some(Some(anchor)) = self.anchors.get(&id) else {
            return self.stop(span, ErrorKind::AliasOfItself);
        };
        if depth + anchor.depth > self.limits.depth {
            return self.stop(span, ErrorKind::TooDeep(self.limits.depth));
        }
        self.copied += anchor.size;
        if self.copied > self.limits.copied {
            return self.stop(span, ErrorKind::TooManyCopies(self.limits.copied));
        }
        let mut node = anchor.node.clone();
        mark_used(&mut node, span);
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => return Ok(Value::List(list)),
                Some((event, range)) => list.push(self.node(event, range, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut map = Map::default();
        let mut inherited: Vec<Node> = Vec::new();
        loop {
            let (event, range) = match self.next()? {
                None | Some((Event::MappingEnd, _)) => break,
                Some(next) => next,
            };
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.node(event, range, depth + 1)?;
            self.nodes -= 1;
            let Some((event, range)) = self.next()? else { break };
            let mut value = self.node(event, range, depth + 1)?;
            value.key = key.span;
            let span = key.span;
            let Some(name) = self.key(key) else { continue };
            let first = match is_merge {
                true => inherited.first().filter(|_| !self.dialect.several_merge_keys),
                false => map.get(&name),
            };
            if let Some(first) = first {
                let first = first.key;
                self.error(span, ErrorKind::DuplicateKey { key: name, first });
            } else if is_merge {
                inherited.push(value);
            } else {
                map.insert(name, value);
            }
        }
        for inherited in inherited {
            self.merge_key(&mut map, inherited);
        }
        Ok(Value::Map(map))
    }

    /// The text of a key.
    fn key(&mut self, key: Node) -> Option<String> {
        match (key.value, self.dialect.keys) {
            (Value::Scalar(scalar), keys) if keys == Keys::AnyScalar || scalar.kind == Kind::Text => Some(scalar.text),
            (Value::Scalar(scalar), _) => {
                self.error(key.span, ErrorKind::KeyNotText(scalar.text));
                None
            }
            (Value::Null, Keys::AnyScalar) => Some("null".to_owned()),
            _ => {
                self.error(key.span, ErrorKind::KeyNotScalar);
                None
            }
        }
    }

    /// Adds what `<<` brings to the keys of the map itself; of several maps, the first wins.
    fn merge_key(&mut self, map: &mut Map, inherited: Node) {
        let (key, span) = (inherited.key, inherited.span);
        let maps = match inherited.value {
            Value::List(list) => list,
            value => vec![Node::new(span, value)],
        };
        for from in maps {
            match from.value {
                Value::Map(entries) => {
                    for (name, node) in entries {
                        map.entry(name).or_insert(node);
                    }
                }
                _ => self.error(key, ErrorKind::MergeOfOther),
            }
        }
    }

    fn scalar(&self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&YamlTag>) -> Value {
        let quoted = match tag {
            Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.original() == "!" => true,
            Some(tag) if tag.is_yaml_core_schema() => false,
            _ => style != ScalarStyle::Plain,
        };
        if quoted {
            return Value::Scalar(Scalar::quoted(text));
        }
        match self.dialect.kind(&text) {
            None => Value::Null,
            Some(kind) => Value::Scalar(Scalar { text: text.into_owned(), kind, quoted }),
        }
    }
}

fn mark_used(node: &mut Node, alias: Span) {
    node.used = Some(alias);
    match &mut node.value {
        Value::List(list) => list.iter_mut().for_each(|node| mark_used(node, alias)),
        Value::Map(map) => map.values_mut().for_each(|node| mark_used(node, alias)),
        Value::Null | Value::Scalar(_) => {}
    }
}

/// Levels of nesting below the node.
fn height(node: &Node) -> usize {
    match &node.value {
        Value::List(list) => list.iter().map(height).max().map_or(0, |below| below + 1),
        Value::Map(map) => map.values().map(height).max().map_or(0, |below| below + 1),
        Value::Null | Value::Scalar(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: ReadLimits = ReadLimits { depth: 5, nodes: 20, copied: 10 };

    fn errors(text: &str) -> Vec<String> {
        let found = read(text, 0, &Dialect::default(), &SMALL);
        found.errors.iter().map(|error| format!("{}:{} {error}", error.span.line, error.span.column)).collect()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_eq!(errors("a: 1\na: 2"), ["2:1 duplicate key `a`"]);
        assert_eq!(errors("1: 2"), ["1:1 the key `1` is not text"]);
        assert_eq!(errors("[a]: 2"), ["1:1 a key must be text"]);
        assert_eq!(errors("a: *b"), ["1:4 there is no anchor `&b` before this alias"]);
        assert_eq!(errors("a: &a [*a]"), ["1:8 this alias is inside the value that it refers to"]);
        assert_eq!(errors("<<: 1"), ["1:1 `<<` takes a mapping, or a list of mappings"]);
        assert!(errors("a: 'b")[0].contains("this is not YAML"));
    }

    #[test]
    fn a_text_beyond_the_limits_is_refused() {
        assert_eq!(
            errors("[[[[[[[1]]]]]]]")[0].split_once(' ').map(|(_, text)| text),
            Some("the file is nested deeper than 5 levels")
        );
        assert!(errors(&format!("[{}]", "1,".repeat(30)))[0].ends_with("the file holds more than 20 values"));
        let bomb = "a: &a [1, 2, 3]\nb: &b [*a, *a]\nc: [*b, *b]";
        assert!(errors(bomb)[0].ends_with("aliases make the file larger by more than 10 values"));
    }

    #[test]
    fn merge_keys_add_what_the_mapping_does_not_have() {
        let found =
            read("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 5}", 0, &Dialect::default(), &SMALL);
        let z = found.documents[0].get("z").unwrap();
        let text = |key| z.get(key).and_then(Node::as_text);
        assert_eq!((text("a"), text("b"), text("c")), (Some("5"), Some("2"), Some("4")));
        let b = z.get("b").unwrap();
        assert_eq!((b.span.line, b.used.map(|used| used.line)), (1, Some(3)));
    }

    #[test]
    fn several_merge_keys_are_allowed_where_the_dialect_has_them() {
        let text = "a: {<<: {x: 1}, <<: {x: 2, y: 3}}";
        assert_eq!(errors(text), ["1:17 duplicate key `<<`"]);
        let dialect = Dialect { several_merge_keys: true, ..Dialect::default() };
        let found = read(text, 0, &dialect, &SMALL);
        let a = found.documents[0].get("a").unwrap();
        assert_eq!((found.errors.len(), a.get_text("x"), a.get_text("y")), (0, Some("1"), Some("3")));
    }

    #[test]
    fn keys_and_tags_are_as_the_dialect_has_them() {
        let dialect = Dialect { keys: Keys::AnyScalar, tags: &["!a", "!b"], ..Dialect::default() };
        let found = read("80: !b 1\n~: !c 2", 0, &dialect, &SMALL);
        let node = found.documents[0].get("80").unwrap();
        assert_eq!(node.tag, Tag::nth(1));
        assert_eq!(found.documents[0].get("null").unwrap().tag, Tag::NONE);
    }
}
