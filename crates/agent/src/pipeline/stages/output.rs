//! `output`: a value becomes the line.

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;

#[derive(Debug)]
pub(super) struct Output {
    pub(super) source: String,
}

pub(super) fn new(node: &Node) -> Result<Output, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.required_text("source");
    fields.complete(source.map(|source| Output { source }))
}

impl Edit for Output {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        if let Some(line) = entry.input(Some(&self.source)) {
            entry.line = line;
        }
        Verdict::Keep
    }
}
