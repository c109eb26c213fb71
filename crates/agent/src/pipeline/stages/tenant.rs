//! `tenant`: who the entry belongs to.

use std::sync::Arc;

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::interner::Interner;
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use super::super::tenant_label::TENANT_LABEL;
use crate::yaml::Node;

#[derive(Debug)]
struct Tenant {
    from: From,
    label: Arc<str>,
    interner: Interner,
}

#[derive(Debug)]
enum From {
    Source(String),
    Label(String),
    Value(String),
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let mut text = |name| fields.text(name).filter(|text| !text.is_empty());
    let mut all = [text("source").map(From::Source), text("label").map(From::Label), text("value").map(From::Value)]
        .into_iter()
        .flatten();
    let (from, more) = (all.next(), all.next().is_some());
    if from.is_none() {
        fields.fail("source", "one of `source`, `label` and `value` is needed");
    } else if more {
        fields.fail("source", "only one of `source`, `label` and `value` is allowed here");
    }
    fields.complete(from.map(|from| Tenant { from, label: TENANT_LABEL.into(), interner: Interner::default() }))
}

impl Edit for Tenant {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        let tenant = match &self.from {
            From::Source(source) => entry.extracted.text(source).unwrap_or_default(),
            From::Label(label) => entry.labels.get(label).unwrap_or_default().into(),
            From::Value(value) => value.into(),
        };
        if !tenant.is_empty() {
            let labels = &entry.labels;
            let next = || labels.with(self.label.clone(), &*tenant);
            let next = self.interner.step(labels, 0, &tenant, next);
            drop(tenant);
            entry.labels = next;
        }
        Verdict::Keep
    }
}
