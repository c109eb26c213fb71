//! `json`: values of a JSON line, by JMESPath expressions.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;
use wharf_go::json::{self, Raw};

use super::super::entry::{Entry, Extracted, ExtractedValue};
use super::super::fields::{Errors, Fields};
use super::super::jmespath::Expression;
use super::super::now::Now;
use super::super::parts::{DropCounter, Parts};
use super::super::stage::{Edit, Verdict};
use crate::yaml::{ErrorAt as _, Node};

#[derive(Debug)]
struct Json {
    source: Option<String>,
    drop_malformed: Option<DropCounter>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    /// Only chains of keys, `a.b.c`: found in one pass over the text, without a tree.
    Keys(Vec<(Arc<str>, Vec<String>)>),
    Expressions(Vec<(Arc<str>, Expression)>),
}

pub(super) fn new(node: &Node, parts: &Parts) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.source();
    let drop_malformed = fields.flag("drop_malformed").unwrap_or_default();
    let entries = fields.text_map("expressions").unwrap_or_default();
    if entries.is_empty() {
        fields.fail("expressions", "`expressions` is missing: name at least one value to take, as `level: level`");
    }
    let (mut expressions, mut errors) = (Vec::new(), Vec::new());
    for (name, text, field) in entries {
        let text = text.filter(|text| !text.is_empty()).unwrap_or_else(|| name.clone());
        match Expression::parse(&text) {
            Ok(expression) => expressions.push((Arc::from(name), expression)),
            Err(error) => errors.push(field.key.error(format!("`{text}` is not a JMESPath expression: {error}"))),
        }
    }
    fields.extend(errors);
    let drop_malformed = drop_malformed.then(|| parts.drops.counter("malformed_json"));
    fields.complete(Some(Json { source, drop_malformed, wanted: Wanted::new(expressions) }))
}

impl Wanted {
    fn new(expressions: Vec<(Arc<str>, Expression)>) -> Self {
        let keys: Option<Vec<_>> =
            expressions.iter().map(|(name, expression)| Some((name.clone(), expression.as_keys()?))).collect();
        keys.map_or(Self::Expressions(expressions), Self::Keys)
    }

    /// Takes the values of a text; all or, if the text is malformed, none.
    fn take<'t>(
        &self,
        text: &'t str,
        set: &mut dyn FnMut(&Arc<str>, ExtractedValue<'t>),
    ) -> Result<(), json::Malformed> {
        match self {
            Self::Keys(keys) => {
                let mut found: SmallVec<[Option<Raw<'t>>; 8]> = SmallVec::from_elem(None, keys.len());
                json::fields(text, |key, value| {
                    for ((_, path), slot) in keys.iter().zip(&mut found) {
                        if path[0] == key {
                            *slot = Some(value);
                        }
                    }
                })?;
                for ((name, path), found) in keys.iter().zip(found) {
                    let value = path[1..].iter().fold(found, |value, key| value?.get(key));
                    set(name, value.map_or(ExtractedValue::Null, |value| converted(value.value())));
                }
            }
            Self::Expressions(expressions) => {
                let data = json::parse(text)?;
                if !matches!(data, json::JsonValue::Object(_) | json::JsonValue::Null) {
                    return Err(json::Malformed(0));
                }
                for (name, expression) in expressions {
                    // An expression that fails gives nothing.
                    if let Ok(value) = expression.search(&data) {
                        set(name, converted(value));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Lists and objects are written as JSON again.
fn converted(value: json::JsonValue<'_>) -> ExtractedValue<'_> {
    match value {
        json::JsonValue::Null => ExtractedValue::Null,
        json::JsonValue::Bool(value) => ExtractedValue::Bool(value),
        json::JsonValue::Number(value) => ExtractedValue::Number(value),
        json::JsonValue::Text(value) => ExtractedValue::Text(value),
        value @ (json::JsonValue::List(_) | json::JsonValue::Object(_)) => {
            let mut text = String::new();
            json::write(&value, true, &mut text);
            ExtractedValue::Text(Cow::Owned(text))
        }
    }
}

impl Json {
    fn read<'a>(&self, input: Cow<'a, str>, extracted: &mut Extracted<'a>) -> Result<(), json::Malformed> {
        match input {
            Cow::Borrowed(text) => self.wanted.take(text, &mut |name, value| extracted.set(name, value)),
            Cow::Owned(text) => self.wanted.take(&text, &mut |name, value| extracted.set(name, value.into_owned())),
        }
    }
}

impl Edit for Json {
    fn edit(&mut self, entry: &mut Entry<'_>, _: Now) -> Verdict {
        let Some(input) = entry.input(self.source.as_deref()) else { return Verdict::Keep };
        match (self.read(input, &mut entry.extracted), &self.drop_malformed) {
            (Err(_), Some(drops)) => {
                drops.count();
                Verdict::Drop
            }
            _ => Verdict::Keep,
        }
    }
}
