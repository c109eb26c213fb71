//! `pack`: values and the line in one JSON object, for Loki's `unpack`.

use std::borrow::Cow;

use wharf_go::json;

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::interner::Interner;
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;

#[derive(Debug)]
struct Pack {
    /// Sorted.
    labels: Vec<String>,
    ingest_timestamp: bool,
    interner: Interner,
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::weak(node);
    let mut labels = fields.texts("labels").unwrap_or_default();
    labels.sort();
    labels.dedup();
    let ingest_timestamp = fields.flag("ingest_timestamp").unwrap_or(true);
    fields.complete(Some(Pack { labels, ingest_timestamp, interner: Interner::default() }))
}

impl Edit for Pack {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        let mut out = String::from("{");
        for (index, name) in (0..).zip(&self.labels) {
            let Some(value) = entry.extracted.text(name) else { continue };
            json::write_text(name, true, &mut out);
            out.push(':');
            json::write_text(&value, true, &mut out);
            out.push(',');
            if entry.labels.get(name).is_some() {
                let from = &entry.labels;
                entry.labels = self.interner.step(from, index, "", || from.filtered(|other, _| other != name));
            }
        }
        out.push_str("\"_entry\":");
        json::write_text(&entry.line, true, &mut out);
        out.push('}');
        entry.line = Cow::Owned(out);
        if self.ingest_timestamp {
            entry.timestamp = now.unix;
        }
        Verdict::Keep
    }
}
