//! `cri`: the lines of containerd and CRI-O, `TIME STREAM FLAGS CONTENT`; parts of a line (flag `P`) are joined.

use std::borrow::Cow;

use indexmap::IndexMap;
use wharf_loki::Labels;

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Chain, Flow, Out};
use super::docker::fixed;
use crate::yaml::Node;

/// The stages before parts are joined.
const STAGES: &str = r"
- regex: {expression: '^(?s)(?P<time>\S+?) (?P<stream>stdout|stderr) (?P<flags>\S+?) (?P<content>.*)$'}
- labels: {stream: }
- timestamp: {source: time, format: RFC3339Nano}
- output: {source: content}
- output: {source: tags}
";

#[derive(Debug)]
struct Cri {
    chain: Chain,
    joiner: Joiner,
}

#[derive(Debug)]
struct Joiner {
    max_partial_lines: i64,
    /// Bytes that a joined line is cut to.
    cut_at: Option<usize>,
    /// By stream, as a line may begin in many at once.
    partial: IndexMap<Labels, Entry<'static>>,
}

pub(super) fn new(node: &Node) -> Result<impl Flow + use<>, Errors> {
    let mut fields = Fields::weak(node);
    let max_partial_lines = fields.int("max_partial_lines").filter(|lines| *lines != 0).unwrap_or(100);
    let size = fields.uint("max_partial_line_size").unwrap_or_default();
    let cut = fields.flag("max_partial_line_size_truncate").unwrap_or_default();
    let cut_at = cut.then(|| usize::try_from(size).unwrap_or(usize::MAX));
    let joiner = Joiner { max_partial_lines, cut_at, partial: IndexMap::new() };
    fields.complete(Some(Cri { chain: fixed(STAGES), joiner }))
}

impl Joiner {
    fn take(&mut self, mut entry: Entry<'_>, out: &mut Out<'_>) {
        let is_partial = entry.extracted.text("flags").as_deref() == Some("P");
        if !is_partial {
            if let Some(before) = self.partial.shift_remove(&entry.labels) {
                self.join(&before, &mut entry);
            }
            return out(entry);
        }
        if i64::try_from(self.partial.len()).unwrap_or(i64::MAX) >= self.max_partial_lines {
            self.partial.drain(..).for_each(|(_, entry)| out(entry));
        }
        match self.partial.get(&entry.labels) {
            Some(before) => self.join(before, &mut entry),
            None => self.cut(&mut entry),
        }
        self.partial.insert(entry.labels.clone(), entry.into_owned());
    }

    /// Puts the earlier part before a later one, whose time and values count.
    fn join(&self, before: &Entry<'_>, entry: &mut Entry<'_>) {
        entry.line = Cow::Owned(format!("{}{}", before.line, entry.line));
        entry.origin = before.origin.join(entry.origin);
        self.cut(entry);
    }

    fn cut(&self, entry: &mut Entry<'_>) {
        if let Some(size) = self.cut_at.filter(|size| *size < entry.line.len()) {
            let end = entry.line.floor_char_boundary(size);
            match &mut entry.line {
                Cow::Borrowed(line) => *line = &line[..end],
                Cow::Owned(line) => line.truncate(end),
            }
        }
    }
}

impl Flow for Cri {
    fn process(&mut self, entry: Entry<'_>, now: Now, out: &mut Out<'_>) {
        self.chain.process(entry, now, &mut |entry| self.joiner.take(entry, out));
    }

    /// Parts whose line has not ended are not given out: they will be read again.
    fn flush(&mut self, _: bool, _: Now, _: &mut Out<'_>) {}

    fn held(&self, target: u64) -> Option<u64> {
        let origins = self.joiner.partial.values().map(|entry| entry.origin);
        origins.filter(|origin| origin.target == target).map(|origin| origin.first).min()
    }
}
