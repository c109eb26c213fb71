//! `regex`: the named groups of an expression.

use std::borrow::Cow;
use std::sync::Arc;

use wharf_go::regexp::{CaptureLocations, Regex};

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;

#[derive(Debug)]
struct RegexStage {
    source: Option<String>,
    regex: Regex,
    /// The named groups, with their numbers.
    groups: Vec<(usize, Arc<str>)>,
    locations: CaptureLocations,
}

/// The named groups of an expression, with their numbers.
pub(super) fn named_groups(regex: &Regex) -> Vec<(usize, Arc<str>)> {
    let names = regex.names().iter().enumerate();
    names.filter_map(|(index, name)| Some((index, name.clone()?))).collect()
}

/// The expression of a stage, which must not be empty.
pub(super) fn expression(fields: &mut Fields<'_>) -> Option<Regex> {
    fields.required_text("expression")?;
    fields.regex("expression")
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.source();
    let stage = expression(&mut fields).map(|regex| RegexStage {
        source,
        groups: named_groups(&regex),
        locations: regex.engine().capture_locations(),
        regex,
    });
    fields.complete(stage)
}

impl Edit for RegexStage {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        let Some(input) = entry.input(self.source.as_deref()) else { return Verdict::Keep };
        if self.regex.engine().captures_read(&mut self.locations, &input).is_none() {
            return Verdict::Keep;
        }
        for (index, name) in &self.groups {
            // A group that took no part is empty.
            let (start, end) = self.locations.get(*index).unwrap_or_default();
            let text = match &input {
                Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
                Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
            };
            entry.extracted.set(name, ExtractedValue::Text(text));
        }
        Verdict::Keep
    }
}
