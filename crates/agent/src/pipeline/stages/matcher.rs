//! `match`: stages for some entries, or those entries dropped.

use std::time::Instant;

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::parts::{DropCounter, Parts};
use super::super::selector::Expression;
use super::super::stage::{Chain, Flow, Out};
use crate::yaml::{Node, Value};

#[derive(Debug)]
struct Match {
    expression: Expression,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Keep(Chain),
    Drop(DropCounter),
}

pub(super) fn new(node: &Node, parts: &mut Parts, depth: usize) -> Result<impl Flow + use<>, Errors> {
    let mut fields = Fields::strict(node);
    if fields.text("pipeline_name").as_deref() == Some("") {
        fields.fail("pipeline_name", "`pipeline_name` is empty: leave it out");
    }
    let reason = fields.text("drop_counter_reason").filter(|reason| !reason.is_empty());
    let text = fields.required_text("selector");
    let stages = fields.find("stages");
    let has_stages = match stages.map(|node| &node.value) {
        None => false,
        Some(Value::List(list)) => !list.is_empty(),
        Some(_) => {
            fields.fail("stages", "`stages` must be a list: begin each with `-`");
            true
        }
    };
    let action = match fields.text("action").as_deref() {
        None | Some("" | "keep") => {
            if !has_stages {
                fields.fail("stages", "`stages` is missing: what to do with the entries that match");
            }
            let chain = stages.map_or_else(|| Ok(Chain::default()), |list| super::nested_chain(list, parts, depth + 1));
            chain.map_err(|errors| fields.extend(errors)).ok().map(Action::Keep)
        }
        Some("drop") => {
            if has_stages {
                fields.fail("stages", "entries that are dropped go through no `stages`");
            }
            Some(Action::Drop(parts.drops.counter(reason.as_deref().unwrap_or("match_stage"))))
        }
        Some(other) => {
            fields.fail("action", format!("`{other}` is not an action: write `keep` or `drop`"));
            None
        }
    };
    let expression = text.and_then(|text| {
        let expression = Expression::parse(&text);
        expression.map_err(|error| fields.fail("selector", format!("`{text}` is not a selector: {error}"))).ok()
    });
    fields.complete(expression.zip(action).map(|(expression, action)| Match { expression, action }))
}

impl Match {
    fn chain(&self) -> Option<&Chain> {
        match &self.action {
            Action::Keep(chain) => Some(chain),
            Action::Drop(_) => None,
        }
    }
}

impl Flow for Match {
    fn process(&mut self, entry: Entry<'_>, now: Now, out: &mut Out<'_>) {
        if !self.expression.matches(&entry.labels, &entry.line) {
            return out(entry);
        }
        match &mut self.action {
            Action::Keep(chain) => chain.process(entry, now, out),
            Action::Drop(drops) => drops.count(),
        }
    }

    fn flush(&mut self, all: bool, now: Now, out: &mut Out<'_>) {
        if let Action::Keep(chain) = &mut self.action {
            chain.flush(all, now, out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.chain()?.next_deadline()
    }

    fn held(&self, target: u64) -> Option<u64> {
        self.chain()?.held(target)
    }

    fn ready_at(&self) -> Option<Instant> {
        self.chain()?.ready_at()
    }
}
