//! Templates as the `template` and `replace` stages have them: the functions that they may call, and their data.

use std::cell::RefCell;
use std::rc::Rc;

use wharf_go::template::{ExecError, FunctionTable, ParseError, Template, Value, text};
use wharf_loki::template_functions;

use super::entry::Extracted;
use super::now::Now;

/// Parses a template with Go's, Sprig's and Promtail's functions.
pub(super) fn parse(text: &str) -> Result<Template, ParseError> {
    Template::parse(text, &FunctionTable::go().with_sprig().with(template_functions::FUNCTIONS))
}

/// The values that a template sees.
pub(super) struct Data(Value);

impl Data {
    /// The extracted values that have a text, as a `map[string]interface {}` of strings.
    pub(super) fn new(extracted: &Extracted<'_>) -> Self {
        let texts = extracted.iter().filter_map(|(name, value)| Some((name.to_owned(), text(&value.text()?))));
        Self(Value::Map(Rc::new(RefCell::new(texts.collect()))))
    }

    /// The same as a `map[string]string`, which the `replace` stage gives its template.
    pub(super) fn texts(extracted: &Extracted<'_>) -> Self {
        let texts = extracted.iter().filter_map(|(name, value)| Some((name.to_owned(), value.text()?.into())));
        Self(Value::TextMap(Rc::new(texts.collect())))
    }

    /// Sets one more value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match &mut self.0 {
            Value::TextMap(map) => {
                Rc::make_mut(map).insert(name.to_owned(), value.into());
            }
            Value::Map(map) => {
                map.borrow_mut().insert(name.to_owned(), text(value));
            }
            _ => {}
        }
    }

    /// The template's output.
    pub(super) fn render(&self, template: &Template, now: Now) -> Result<String, ExecError> {
        template.execute(self.0.clone(), now.unix)
    }
}
