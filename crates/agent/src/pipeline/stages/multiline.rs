//! `multiline`: lines up to the next first line become one entry.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use wharf_go::regexp::Regex;
use wharf_loki::Labels;

use super::super::entry::{Entry, Origin};
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Flow, Out};
use crate::yaml::Node;

const MAX_LINES: u64 = 128;
const MAX_WAIT: Duration = Duration::from_secs(3);
/// Streams beyond which those that hold nothing are forgotten.
const MAX_IDLE_STREAMS: usize = 10_000;

#[derive(Debug)]
struct Multiline {
    first_line: Regex,
    /// 0: without end.
    max_lines: u64,
    max_wait: Duration,
    /// By labels, from the first line on; lines before it pass.
    blocks: IndexMap<Labels, Block>,
}

#[derive(Debug)]
struct Block {
    /// The first line's entry: its time, labels and values are the block's.
    head: Entry<'static>,
    text: String,
    lines: u64,
    origin: Origin,
    deadline: Instant,
}

pub(super) fn new(node: &Node) -> Result<impl Flow + use<>, Errors> {
    let mut fields = Fields::weak(node);
    if fields.find("firstline").is_none() {
        fields.fail("firstline", "`firstline` is missing: an expression that the first line of a block matches");
    }
    let max_lines = fields.uint("max_lines").unwrap_or(MAX_LINES);
    let max_wait = fields.duration("max_wait_time");
    let max_wait = max_wait.map_or(MAX_WAIT, |wait| Duration::from_nanos(wait.try_into().unwrap_or(0)));
    let first_line = fields.regex("firstline");
    fields.complete(first_line.map(|first_line| Multiline { first_line, max_lines, max_wait, blocks: IndexMap::new() }))
}

impl Block {
    fn new(head: Entry<'static>, deadline: Instant) -> Self {
        Self { origin: head.origin, head, text: String::new(), lines: 0, deadline }
    }

    fn add(&mut self, line: &str, origin: Origin) {
        if self.text.is_empty() {
            self.origin = origin;
        } else {
            self.text.push('\n');
            self.origin = self.origin.join(origin);
        }
        self.text.push_str(line);
        self.lines += 1;
    }

    fn flush(&mut self, out: &mut Out<'_>) {
        if self.text.is_empty() {
            return;
        }
        self.lines = 0;
        out(Entry {
            timestamp: self.head.timestamp,
            line: Cow::Owned(std::mem::take(&mut self.text)),
            labels: self.head.labels.clone(),
            structured_metadata: Vec::new(),
            extracted: self.head.extracted.clone(),
            origin: self.origin,
        });
    }
}

impl Flow for Multiline {
    fn process(&mut self, mut entry: Entry<'_>, now: Now, out: &mut Out<'_>) {
        let is_first = self.first_line.is_match(&entry.line);
        let deadline = now.monotonic + self.max_wait;
        if !self.blocks.contains_key(&entry.labels) {
            if !is_first {
                return out(entry);
            }
            if self.blocks.len() >= MAX_IDLE_STREAMS {
                self.blocks.retain(|_, block| !block.text.is_empty());
            }
            let line = std::mem::take(&mut entry.line);
            let mut block = Block::new(entry.into_owned(), deadline);
            block.add(&line, block.origin);
            if block.lines == self.max_lines {
                block.flush(out);
            }
            self.blocks.insert(block.head.labels.clone(), block);
            return;
        }
        let Some(block) = self.blocks.get_mut(&entry.labels) else { return };
        let origin = entry.origin;
        let line = std::mem::take(&mut entry.line);
        if is_first {
            block.flush(out);
            block.head = entry.into_owned();
        }
        block.deadline = deadline;
        block.add(&line, origin);
        if block.lines == self.max_lines {
            block.flush(out);
        }
    }

    fn flush(&mut self, all: bool, now: Now, out: &mut Out<'_>) {
        for block in self.blocks.values_mut().filter(|block| all || block.deadline <= now.monotonic) {
            block.flush(out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.blocks.values().filter(|block| !block.text.is_empty()).map(|block| block.deadline).min()
    }

    fn held(&self, target: u64) -> Option<u64> {
        let held = self.blocks.values().filter(|block| !block.text.is_empty()).map(|block| block.origin);
        held.filter(|origin| origin.target == target).map(|origin| origin.first).min()
    }
}
