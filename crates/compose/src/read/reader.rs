//! Reads YAML text into nodes: anchors, merge keys and duplicate keys end here.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span as Range, Tag as YamlTag};

use crate::read::node::{Map, Node, Scalar, Span, Tag, Value};
use crate::read::scalar::{self, Plain};
use crate::read::syntax;
use crate::report::findings::{At, Report};

/// Deepest nesting, aliases written out.
const MAX_DEPTH: usize = 100;
/// Most nodes a file may hold, keys not counted.
const MAX_NODES: usize = 200_000;
/// Most nodes that all files of a project may hold, repeats counted.
const MAX_ALL_NODES: usize = 2_000_000;
/// Most nodes that aliases may add.
const MAX_COPIED: usize = 100_000;

/// Reads the documents of the source; after an error, those before it.
pub(crate) fn read(source: u32, report: &mut Report) -> Vec<Node> {
    let text = report.text(source).to_owned();
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let events = Parser::new_from_str_with_options(&text, options);
    let mut reader = Reader { events, source, report, anchors: HashMap::new(), nodes: 0, copied: 0 };
    let mut documents = Vec::new();
    while let Ok(Some(node)) = reader.document() {
        documents.push(node);
    }
    documents
}

/// The rest of the file cannot be read; the report says why.
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
    report: &'r mut Report,
    /// By the parser's number; `None` while the anchored node is still being read.
    anchors: HashMap<usize, Option<Anchor>>,
    nodes: usize,
    copied: usize,
}

impl<'t, E: Iterator<Item = Result<(Event<'t>, Range), ScanError>>> Reader<'_, E> {
    /// The next document; `None` at the end of the file.
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        loop {
            match self.next()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::DocumentStart(..), _)) => {}
                Some((Event::StreamStart | Event::DocumentEnd, _)) => continue,
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
                if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
                    return self.stop(at, format!("the file is nested deeper than {MAX_DEPTH} levels"));
                }
                let text = self.report.text(self.source);
                let line = text.lines().nth(error.marker().line().saturating_sub(1)).unwrap_or_default();
                let rest = line.char_indices().nth(error.marker().col()).map_or("", |(start, _)| &line[start..]);
                let (message, help) = syntax::explain(&error.info(), line, rest);
                self.report.error(at, message);
                if let Some(help) = help {
                    self.report.help(help);
                }
                Err(Stop)
            }
        }
    }

    fn stop<T>(&mut self, at: Span, message: impl Into<String>) -> Result<T, Stop> {
        self.report.error(at, message);
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
        if self.nodes > MAX_NODES {
            return self.stop(span, format!("the file holds more than {MAX_NODES} values"));
        }
        self.report.nodes += 1;
        if self.report.nodes > MAX_ALL_NODES {
            return self.stop(span, format!("the files up to here hold more than {MAX_ALL_NODES} values"));
        }
        if depth > MAX_DEPTH {
            return self.stop(span, format!("the file is nested deeper than {MAX_DEPTH} levels"));
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
                self.report.error(span, format!("no anchor `&{name}` stands before this alias"));
                Value::Null
            }
            Event::Scalar(text, style, _, tag) => plain_or_quoted(text, style, tag.as_deref()),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => return self.stop(span, "this is not YAML: a value was expected"),
        };
        let mut node = Node::new(span, value);
        node.tag = match tag.as_deref().map(YamlTag::original).as_deref() {
            Some("!reset") => Tag::Reset,
            Some("!override") => Tag::Override,
            _ => Tag::None,
        };
        if anchor > 0 {
            let size = self.nodes - nodes + self.copied - copied + 1;
            self.anchors.insert(anchor, Some(Anchor { depth: height(&node), node: node.clone(), size }));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<Node, Stop> {
        let Some(Some(anchor)) = self.anchors.get(&id) else {
            return self.stop(span, "this alias stands inside the value that it refers to");
        };
        if depth + anchor.depth > MAX_DEPTH {
            return self.stop(span, format!("the file is nested deeper than {MAX_DEPTH} levels"));
        }
        self.copied += anchor.size;
        if self.copied > MAX_COPIED {
            return self.stop(span, format!("aliases make the file larger by more than {MAX_COPIED} values"));
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
        let mut inherited: Option<Node> = None;
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
            let first = if is_merge { inherited.as_ref() } else { map.get(&name) };
            if let Some(first) = first {
                let first = first.key;
                self.report.error(span, format!("the key `{name}` stands here twice"));
                self.report.also("first here", first);
                self.report.help("keep one of the two, with all that belongs to it");
            } else if is_merge {
                inherited = Some(value);
            } else {
                map.insert(name, value);
            }
        }
        if let Some(inherited) = inherited {
            self.merge_key(&mut map, inherited);
        }
        Ok(Value::Map(map))
    }

    /// The text of a key; everything in Compose is keyed by text.
    fn key(&mut self, key: Node) -> Option<String> {
        let at = At::from(&key);
        match key.value {
            Value::Scalar(scalar) if scalar.quoted || matches!(scalar::plain(&scalar.text), Plain::Text) => {
                Some(scalar.text)
            }
            Value::Scalar(Scalar { text, .. }) => {
                self.report.error(at, format!("the key `{text}` is not text"));
                self.report.help(format!("put it in quotes: \"{text}\":"));
                None
            }
            _ => {
                self.report.error(at, "a key must be text");
                None
            }
        }
    }

    /// Adds what `<<` brings to the keys that stand in the map itself; of several maps, the first wins.
    fn merge_key(&mut self, map: &mut Map, inherited: Node) {
        let (key, span) = (inherited.key, inherited.span);
        let maps = match inherited.value {
            Value::List(list) => list,
            value => vec![Node { value, ..Node::new(span, Value::Null) }],
        };
        for from in maps {
            match from.value {
                Value::Map(entries) => {
                    for (name, node) in entries {
                        map.entry(name).or_insert(node);
                    }
                }
                _ => {
                    self.report.error(key, "`<<` takes a mapping, or a list of mappings");
                }
            }
        }
    }
}

fn plain_or_quoted(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&YamlTag>) -> Value {
    let quoted = match tag {
        Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.original() == "!" => true,
        Some(tag) if tag.is_yaml_core_schema() => false,
        _ => style != ScalarStyle::Plain,
    };
    if !quoted && matches!(scalar::plain(&text), Plain::Null) {
        return Value::Null;
    }
    Value::Scalar(Scalar { text: text.into_owned(), quoted })
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
