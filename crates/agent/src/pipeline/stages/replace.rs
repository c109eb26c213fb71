//! `replace`: what the groups of an expression matched, replaced by a template.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use wharf_go::regexp::Regex;
use wharf_go::template::Template;

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use super::super::template::{self, Data};
use super::regex::{expression, named_groups};
use crate::yaml::Node;

#[derive(Debug)]
struct Replace {
    source: Option<Arc<str>>,
    regex: Regex,
    groups: Vec<(usize, Arc<str>)>,
    /// `None`: it cannot be read, which Promtail finds out with each line; nothing is replaced then.
    template: Option<Template>,
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.source().map(Arc::from);
    let template = template::parse(&fields.text("replace").unwrap_or_default()).ok();
    let stage = expression(&mut fields).map(|regex| Replace { source, groups: named_groups(&regex), regex, template });
    fields.complete(stage)
}

impl Replace {
    /// The text with its groups replaced, and what each captured text became; `None` where nothing matches.
    fn replaced<'t>(&self, input: &'t str, entry: &Entry<'_>, now: Now) -> Option<(String, HashMap<&'t str, String>)> {
        let template = self.template.as_ref()?;
        let mut matches = self.regex.engine().captures_iter(input).peekable();
        matches.peek()?;
        let mut data = Data::texts(&entry.extracted);
        let (mut out, mut end) = (String::new(), 0);
        let mut became = HashMap::new();
        for captures in matches {
            for group in captures.iter().skip(1).flatten() {
                data.set("Value", group.as_str());
                let text = data.render(template, now).ok()?;
                // A group within one that was replaced stays.
                if end == 0 || end <= group.start() {
                    out.push_str(input.get(end..group.start())?);
                    out.push_str(&text);
                    end = group.end();
                }
                became.insert(group.as_str(), text);
            }
        }
        out.push_str(&input[end..]);
        Some((out, became))
    }
}

impl Edit for Replace {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        let Some(input) = entry.input(self.source.as_deref()) else { return Verdict::Keep };
        let Some((text, became)) = self.replaced(&input, entry, now) else { return Verdict::Keep };
        match &self.source {
            Some(source) => entry.extracted.set(source, ExtractedValue::Text(Cow::Owned(text))),
            None => entry.line = Cow::Owned(text),
        }
        // The named groups of the first match.
        let Some(captures) = self.regex.engine().captures(&input) else { return Verdict::Keep };
        for (index, name) in &self.groups {
            let captured = captures.get(*index).map_or("", |group| group.as_str());
            if let Some(text) = became.get(captured) {
                entry.extracted.set(name, ExtractedValue::Text(Cow::Owned(text.clone())));
            }
        }
        Verdict::Keep
    }
}
