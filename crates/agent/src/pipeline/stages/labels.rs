//! `labels`, `static_labels`, `labelallow`, `labeldrop`.

use std::collections::HashSet;
use std::sync::Arc;

use wharf_loki::labels::is_label_name;

use super::super::entry::Entry;
use super::super::fields::{self, Errors};
use super::super::interner::Interner;
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use crate::yaml::{ErrorAt as _, Node};

/// A name of a label, and of the value that it takes.
pub(super) type Assignment = (Arc<str>, String);

/// Reads a mapping of labels to values; without a value, it has the label's name.
pub(super) fn assignments(node: &Node) -> Result<Vec<Assignment>, Errors> {
    let (mut assignments, mut errors) = (Vec::new(), Vec::new());
    for (name, source, field) in fields::text_map(node)? {
        if is_label_name(&name) {
            let source = source.filter(|source| !source.is_empty()).unwrap_or_else(|| name.clone());
            assignments.push((name.into(), source));
        } else {
            errors.push(field.key.error(invalid(&name)));
        }
    }
    if errors.is_empty() { Ok(assignments) } else { Err(errors) }
}

fn invalid(name: &str) -> String {
    format!("`{name}` is not a label name: letters, digits and `_` only, and no digit first")
}

#[derive(Debug)]
struct Set {
    assignments: Vec<Assignment>,
    interner: Interner,
}

pub(super) fn set(node: &Node) -> Result<impl Edit + use<>, Errors> {
    Ok(Set { assignments: assignments(node)?, interner: Interner::default() })
}

impl Edit for Set {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        for (index, (name, source)) in (0..).zip(&self.assignments) {
            let Some(value) = entry.extracted.text(source) else { continue };
            if entry.labels.get(name) != Some(&value) {
                let labels = &entry.labels;
                let next = || labels.with(name.clone(), &*value);
                entry.labels = self.interner.step(labels, index, &value, next);
            }
        }
        Verdict::Keep
    }
}

#[derive(Debug)]
struct SetFixed {
    labels: Vec<(Arc<str>, Arc<str>)>,
    interner: Interner,
}

pub(super) fn set_fixed(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let (mut labels, mut errors) = (Vec::new(), Vec::new());
    for (name, value, field) in fields::text_map(node)? {
        match value {
            _ if !is_label_name(&name) => errors.push(field.key.error(invalid(&name))),
            Some(value) if !value.is_empty() => labels.push((name.into(), value.into())),
            _ => {}
        }
    }
    if errors.is_empty() { Ok(SetFixed { labels, interner: Interner::default() }) } else { Err(errors) }
}

impl Edit for SetFixed {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        let from = &entry.labels;
        let all =
            || self.labels.iter().fold(from.clone(), |labels, (name, value)| labels.with(name.clone(), value.clone()));
        entry.labels = self.interner.step(from, 0, "", all);
        Verdict::Keep
    }
}

#[derive(Debug)]
struct Filter {
    names: HashSet<String>,
    /// Whether labels of these names stay, or go.
    stay: bool,
    interner: Interner,
}

pub(super) fn allow(node: &Node) -> Result<impl Edit + use<>, Errors> {
    filter(node, true)
}

pub(super) fn drop(node: &Node) -> Result<impl Edit + use<>, Errors> {
    filter(node, false)
}

fn filter(node: &Node, stay: bool) -> Result<Filter, Errors> {
    let names: HashSet<_> = fields::list_of_texts(node, false)?.into_iter().collect();
    if names.is_empty() {
        return Err(vec![node.error("the list of labels is empty")]);
    }
    Ok(Filter { names, stay, interner: Interner::default() })
}

impl Edit for Filter {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        let from = &entry.labels;
        let filtered = || from.filtered(|name, _| self.names.contains(name) == self.stay);
        entry.labels = self.interner.step(from, 0, "", filtered);
        Verdict::Keep
    }
}
