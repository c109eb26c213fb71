//! YAML text to nodes: anchors, merge keys and duplicate keys end here.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{ConfigError, Field, Map, Node, Place, Scalar, Value, scalar};

/// Deepest nesting, aliases written out.
const MAX_DEPTH: usize = 100;
/// Most values a file may hold, those that aliases bring included.
const MAX_NODES: usize = 200_000;

/// Reads the first document; null for an empty text.
///
/// # Errors
///
/// What is not YAML, and each key that stands twice in a mapping.
pub fn read(text: &str) -> Result<Node, Vec<ConfigError>> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let events = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { events, errors: Vec::new(), anchors: HashMap::new(), nodes: 0 };
    let node = reader.document().unwrap_or_else(|Stop| None);
    match node {
        _ if !reader.errors.is_empty() => Err(reader.errors),
        Some(node) => Ok(node),
        None => Ok(Node::new(Place { line: 1, column: 1 }, Value::Null)),
    }
}

/// The rest of the text cannot be read; the errors say why.
struct Stop;

/// A finished anchored node.
struct Anchor {
    node: Node,
    size: usize,
    depth: usize,
}

struct Reader<E> {
    events: E,
    errors: Vec<ConfigError>,
    /// By the parser's number; `None` while the anchored node is still being read.
    anchors: HashMap<usize, Option<Anchor>>,
    nodes: usize,
}

impl<'t, E: Iterator<Item = Result<(Event<'t>, Span), ScanError>>> Reader<E> {
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        loop {
            match self.next()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _)) => {}
                Some((event, span)) => return self.node(event, span, 0).map(Some),
            }
        }
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Stop> {
        match self.events.next() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) => {
                self.stop(place(*error.marker()), too_deep())
            }
            Some(Err(error)) => self.stop(place(*error.marker()), format!("this is not YAML: {}", error.info())),
        }
    }

    fn stop<T>(&mut self, at: Place, message: impl Into<String>) -> Result<T, Stop> {
        self.errors.push(at.error(message));
        Err(Stop)
    }

    fn count(&mut self, at: Place, more: usize) -> Result<(), Stop> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            return self.stop(at, format!("the file holds more than {MAX_NODES} values"));
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Stop> {
        let at = place(span.start);
        self.count(at, 1)?;
        if depth > MAX_DEPTH {
            return self.stop(at, too_deep());
        }
        let anchor = match &event {
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                *anchor
            }
            _ => 0,
        };
        let before = self.nodes;
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        let value = match event {
            Event::Alias(id) => return self.alias(id, at, depth),
            Event::UnresolvedAlias(name) => {
                return self.stop(at, format!("no anchor `&{name}` stands before this alias"));
            }
            Event::Scalar(text, style, _, tag) => plain_or_quoted(text, style, tag.as_deref()),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => return self.stop(at, "this is not YAML: a value was expected"),
        };
        let node = Node::new(at, value);
        if anchor > 0 {
            let size = self.nodes - before + 1;
            self.anchors.insert(anchor, Some(Anchor { depth: height(&node), node: node.clone(), size }));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, at: Place, depth: usize) -> Result<Node, Stop> {
        let Some(Some(anchor)) = self.anchors.get(&id) else {
            return self.stop(at, "this alias stands inside the value that it refers to");
        };
        let (size, too_deep_here) = (anchor.size, depth + anchor.depth > MAX_DEPTH);
        let node = anchor.node.clone();
        if too_deep_here {
            return self.stop(at, too_deep());
        }
        self.count(at, size)?;
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => return Ok(Value::List(list)),
                Some((event, span)) => list.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut map = Map::new();
        let mut inherited = Vec::new();
        loop {
            let (event, span) = match self.next()? {
                None | Some((Event::MappingEnd, _)) => break,
                Some(next) => next,
            };
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.node(event, span, depth + 1)?;
            let Some((event, span)) = self.next()? else { break };
            let node = self.node(event, span, depth + 1)?;
            if is_merge {
                self.merged(key.place, node, &mut inherited);
                continue;
            }
            let Some(name) = self.key(&key) else { continue };
            if let Some(first) = map.get(&name) {
                let first = first.key;
                self.errors.push(key.error(format!("the key `{name}` stands here twice, first at {first}")));
            } else {
                map.insert(name, Field { key: key.place, node });
            }
        }
        for (name, field) in inherited {
            map.entry(name).or_insert(field);
        }
        Ok(Value::Map(map))
    }

    fn key(&mut self, key: &Node) -> Option<String> {
        match &key.value {
            Value::Scalar(scalar) => Some(scalar.text.clone()),
            Value::Null => Some("null".to_owned()),
            Value::List(_) | Value::Map(_) => {
                self.errors.push(key.error("a key must be text"));
                None
            }
        }
    }

    /// What `<<` brings: of several mappings, the first wins.
    fn merged(&mut self, at: Place, node: Node, inherited: &mut Vec<(String, Field)>) {
        let maps = match node.value {
            Value::List(list) => list,
            value => vec![Node::new(node.place, value)],
        };
        for map in maps {
            match map.value {
                Value::Map(fields) => inherited.extend(fields),
                _ => self.errors.push(at.error("`<<` takes a mapping, or a list of mappings")),
            }
        }
    }
}

fn too_deep() -> String {
    format!("the file is nested deeper than {MAX_DEPTH} levels")
}

fn place(marker: Marker) -> Place {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Place { line: number(marker.line()), column: number(marker.col() + 1) }
}

fn plain_or_quoted(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let quoted = match tag {
        Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.original() == "!" => true,
        Some(tag) if tag.is_yaml_core_schema() => false,
        _ => style != ScalarStyle::Plain,
    };
    let kind = if quoted { Some(super::Kind::Text) } else { scalar::plain(&text) };
    kind.map_or(Value::Null, |kind| Value::Scalar(Scalar { text: text.into_owned(), kind }))
}

/// Levels of nesting below the node.
fn height(node: &Node) -> usize {
    match &node.value {
        Value::List(list) => list.iter().map(height).max().map_or(0, |below| below + 1),
        Value::Map(map) => map.values().map(|field| height(&field.node)).max().map_or(0, |below| below + 1),
        Value::Null | Value::Scalar(_) => 0,
    }
}
