//! `structured_metadata`: values and labels to Loki's structured metadata.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::Errors;
use super::super::interner::Interner;
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use super::labels::{Assignment, assignments};
use crate::yaml::Node;

#[derive(Debug)]
struct StructuredMetadata {
    assignments: Vec<Assignment>,
    interner: Interner,
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    Ok(StructuredMetadata { assignments: assignments(node)?, interner: Interner::default() })
}

impl Edit for StructuredMetadata {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        for (index, (name, source)) in (0..).zip(&self.assignments) {
            let label = entry.labels.get(source);
            let Some(value) = entry.extracted_text(source).or_else(|| label.map(|label| Cow::Owned(label.to_owned())))
            else {
                continue;
            };
            // A label that says no more goes.
            if label == Some(&value) {
                let from = &entry.labels;
                entry.labels = self.interner.step(from, index, "", || from.filtered(|name, _| name != source));
            }
            put(entry, name, value);
        }
        Verdict::Keep
    }
}

/// Sets a pair; each name is there once.
fn put<'a>(entry: &mut Entry<'a>, name: &Arc<str>, value: Cow<'a, str>) {
    match entry.structured_metadata.iter_mut().find(|(other, _)| other == name) {
        Some((_, slot)) => *slot = value,
        None => entry.structured_metadata.push((name.clone(), value)),
    }
}

impl<'a> Entry<'a> {
    /// A value as text that may outlive the map.
    fn extracted_text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.extracted.get(name)? {
            Cow::Borrowed(ExtractedValue::Text(Cow::Borrowed(text))) => Some(Cow::Borrowed(*text)),
            value => value.text().map(|text| Cow::Owned(text.into_owned())),
        }
    }
}
