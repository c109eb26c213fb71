//! `logfmt`: values of a logfmt line, by a mapping of names to keys.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use wharf_loki::logfmt;

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;

#[derive(Debug)]
struct Logfmt {
    source: Option<String>,
    /// The name of the value, by the key in the line.
    names: HashMap<String, Arc<str>>,
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.source();
    let mapping = fields.text_map("mapping").unwrap_or_default();
    if mapping.is_empty() {
        fields.fail("mapping", "`mapping` is missing: name at least one value to take, as `level: level`");
    }
    let key = |name: &str, key: Option<String>| key.filter(|key| !key.is_empty()).unwrap_or_else(|| name.to_owned());
    let names = mapping.into_iter().map(|(name, text, _)| (key(&name, text), Arc::from(name))).collect();
    fields.complete(Some(Logfmt { source, names }))
}

impl Logfmt {
    fn take<'t>(&self, text: &'t str, set: &mut dyn FnMut(&Arc<str>, Cow<'t, str>)) {
        for (key, value) in logfmt::pairs(text) {
            if let Some(name) = self.names.get(key) {
                set(name, value);
            }
        }
    }
}

impl Edit for Logfmt {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        let input = entry.input(self.source.as_deref());
        let extracted = &mut entry.extracted;
        match input {
            Some(Cow::Borrowed(text)) => {
                self.take(text, &mut |name, value| extracted.set(name, ExtractedValue::Text(value)))
            }
            Some(Cow::Owned(text)) => self.take(&text, &mut |name, value| {
                extracted.set(name, ExtractedValue::Text(Cow::Owned(value.into_owned())));
            }),
            None => {}
        }
        Verdict::Keep
    }
}
