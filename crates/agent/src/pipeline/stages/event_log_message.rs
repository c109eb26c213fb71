//! `eventlogmessage`: the `key: value` lines of a Windows event.

use std::borrow::Cow;
use std::sync::Arc;

use wharf_loki::labels::is_label_name;

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::parts::{DropCounter, Parts};
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;
use wharf_go::strings;

#[derive(Debug)]
struct EventLogMessage {
    source: String,
    drop_invalid_labels: bool,
    overwrite_existing: bool,
    drops: DropCounter,
}

pub(super) fn new(node: &Node, parts: &Parts) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.text("source").unwrap_or_else(|| "message".to_owned());
    if !is_label_name(&source) {
        fields.fail(
            "source",
            format!("`{source}` is not a label name: letters, digits and `_` only, and no digit first"),
        );
    }
    let drop_invalid_labels = fields.flag("drop_invalid_labels").unwrap_or_default();
    let overwrite_existing = fields.flag("overwrite_existing").unwrap_or_default();
    let drops = parts.drops.counter("eventlogmessage_without_text");
    fields.complete(Some(EventLogMessage { source, drop_invalid_labels, overwrite_existing, drops }))
}

impl Edit for EventLogMessage {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        if !entry.extracted.contains(&self.source) {
            return Verdict::Keep;
        }
        let Some(text) = entry.extracted.text(&self.source).map(Cow::into_owned) else {
            self.drops.count();
            return Verdict::Drop;
        };
        for line in text.split("\r\n") {
            let Some((key, value)) = line.split_once(':') else { continue };
            let mut key = Cow::Borrowed(key);
            if !is_label_name(&key) {
                if self.drop_invalid_labels {
                    continue;
                }
                key = Cow::Owned(sanitized(&key));
            }
            if !self.overwrite_existing && entry.extracted.contains(&key) {
                key += "_extracted";
            }
            let value = value.trim_matches(strings::is_space).to_owned();
            entry.extracted.set(&Arc::from(key), ExtractedValue::Text(Cow::Owned(value)));
        }
        Verdict::Keep
    }
}

/// A label name: invalid characters become `_`.
fn sanitized(text: &str) -> String {
    if text.is_empty() {
        return "_".to_owned();
    }
    let fits = |at: usize, c: char| c.is_ascii_alphabetic() || c == '_' || (c.is_ascii_digit() && at > 0);
    text.char_indices().map(|(at, c)| if fits(at, c) { c } else { '_' }).collect()
}
