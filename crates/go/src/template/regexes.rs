//! Regular expressions that functions were given, compiled once.

use std::cell::RefCell;
use std::collections::HashMap;

use super::failed::Failed;
use crate::regexp::{self, Regex};

/// Most expressions that a template keeps.
const MAX_REGEXES: usize = 100;

/// Compiled expressions; `None` for one that is wrong.
#[derive(Debug, Default)]
pub(super) struct Regexes(RefCell<HashMap<String, Option<Regex>>>);

impl Regexes {
    pub(super) fn get(&self, expression: &str) -> Result<Regex, Failed> {
        let mut known = self.0.borrow_mut();
        if let Some(regex) = known.get(expression) {
            return regex.clone().ok_or(Failed);
        }
        if known.len() >= MAX_REGEXES {
            known.clear();
        }
        let regex = regexp::compile(expression).ok();
        known.insert(expression.to_owned(), regex.clone());
        regex.ok_or(Failed)
    }
}
