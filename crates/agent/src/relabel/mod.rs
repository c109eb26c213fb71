//! Prometheus' relabelling: rules that rewrite a target's labels, or leave the target out.

mod config;

use std::collections::BTreeMap;
use std::sync::Arc;

use md5::{Digest, Md5};
use wharf_go::regexp::{Regex, Replacement};
use wharf_loki::Labels;
use wharf_loki::labels::is_label_name;

use wharf_go::strings;

/// The rules of a `relabel_configs` list, in order.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    source_labels: Vec<Arc<str>>,
    separator: String,
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    Replace { regex: Regex, target: Replacement, replacement: Replacement },
    Keep(Regex),
    Drop(Regex),
    KeepEqual(String),
    DropEqual(String),
    HashMod { target: Arc<str>, modulus: u64 },
    LabelMap { regex: Regex, replacement: Replacement },
    LabelDrop(Regex),
    LabelKeep(Regex),
    Lowercase(Arc<str>),
    Uppercase(Arc<str>),
}

/// Labels while rules change them; a label with an empty value does not exist.
struct Builder(BTreeMap<Arc<str>, Arc<str>>);

impl Rules {
    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels after all rules, names with `__` included; `None` if a rule leaves the target out.
    pub fn apply(&self, labels: &Labels) -> Option<Labels> {
        let present = labels.pairs().iter().filter(|(_, value)| !value.is_empty());
        let mut builder = Builder(present.cloned().collect());
        if !self.0.iter().all(|rule| rule.apply(&mut builder)) {
            return None;
        }
        Some(Labels::unchecked(builder.0.into_iter().collect()))
    }
}

impl Rule {
    /// Whether the target stays.
    fn apply(&self, labels: &mut Builder) -> bool {
        let value = || {
            let values: Vec<&str> = self.source_labels.iter().map(|name| labels.get(name)).collect();
            values.join(&self.separator)
        };
        match &self.action {
            Action::Keep(regex) => return regex.is_match(&value()),
            Action::Drop(regex) => return !regex.is_match(&value()),
            Action::KeepEqual(target) => return labels.get(target) == value(),
            Action::DropEqual(target) => return labels.get(target) != value(),
            Action::Replace { regex, target, replacement } => replace(labels, &value(), regex, target, replacement),
            Action::HashMod { target, modulus } => {
                let remainder = hash(&value()) % modulus;
                labels.set(target.clone(), &remainder.to_string());
            }
            Action::Lowercase(target) => {
                let lower = strings::lower(&value());
                labels.set(target.clone(), &lower);
            }
            Action::Uppercase(target) => {
                let upper = strings::upper(&value());
                labels.set(target.clone(), &upper);
            }
            Action::LabelMap { regex, replacement } => {
                for (name, value) in labels.0.clone() {
                    if regex.is_match(&name) {
                        labels.set(regex.replace_all(&name, replacement).into(), &value);
                    }
                }
            }
            Action::LabelDrop(regex) => labels.0.retain(|name, _| !regex.is_match(name)),
            Action::LabelKeep(regex) => labels.0.retain(|name, _| regex.is_match(name)),
        }
        true
    }
}

fn replace(labels: &mut Builder, value: &str, regex: &Regex, target: &Replacement, replacement: &Replacement) {
    let Some(captures) = regex.engine().captures(value) else { return };
    let (mut name, mut text) = (String::new(), String::new());
    target.expand(regex.names(), &captures, &mut name);
    if is_label_name(&name) {
        replacement.expand(regex.names(), &captures, &mut text);
        labels.set(name.into(), &text);
    }
}

/// The last eight bytes of the MD5 sum.
fn hash(text: &str) -> u64 {
    let sum = Md5::digest(text.as_bytes());
    sum[8..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Builder {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value)
    }

    fn set(&mut self, name: Arc<str>, value: &str) {
        if value.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, value.into());
        }
    }
}

#[cfg(test)]
mod tests;
