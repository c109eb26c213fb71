//! `template`: a value made by a Go template.

use std::borrow::Cow;
use std::sync::Arc;

use wharf_go::template::Template;

use super::super::entry::{Entry, ExtractedValue};
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::stage::{Edit, Verdict};
use super::super::template::{self, Data};
use crate::yaml::Node;

#[derive(Debug)]
struct TemplateStage {
    source: Arc<str>,
    template: Template,
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.required_text("source");
    let template = match template::parse(&fields.text("template").unwrap_or_default()) {
        Ok(template) => Some(template),
        Err(error) => {
            fields.fail("template", format!("the template is wrong: {error}"));
            None
        }
    };
    let stage = source.zip(template).map(|(source, template)| TemplateStage { source: source.into(), template });
    fields.complete(stage)
}

impl Edit for TemplateStage {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        let mut data = Data::new(&entry.extracted);
        if let Some(value) = entry.extracted.text(&self.source) {
            data.set("Value", &value);
        }
        data.set("Entry", &entry.line);
        // A template that fails changes nothing; one that gives nothing removes the value.
        match data.render(&self.template, now) {
            Ok(text) if text.is_empty() => entry.extracted.remove(&self.source),
            Ok(text) => entry.extracted.set(&self.source, ExtractedValue::Text(Cow::Owned(text))),
            Err(_) => {}
        }
        Verdict::Keep
    }
}
