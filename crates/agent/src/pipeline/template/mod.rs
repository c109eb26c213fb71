//! Go's `text/template` with Sprig's functions, as the `template` and `replace` stages have them.
//!
//! Types are Go's: a function that takes an `int` refuses an `int64`, and the template fails, which leaves the entry as it
//! is. Not here are the functions that make keys and certificates, and those that need the network.

mod exec;
mod float;
mod functions;
mod lex;
mod parse;
mod print;
mod value;

use std::cell::RefCell;
use std::collections::HashMap;

use wharf_loki::go_regex::{self, Regex};

pub(super) use self::value::Data;
use super::Now;

/// Most expressions that a template remembers.
const MAX_REGEXES: usize = 100;

/// A template that was read.
#[derive(Debug)]
pub(super) struct Template {
    tree: parse::Tree,
    regexes: Regexes,
}

/// A template that could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed;

/// Expressions that functions were given.
#[derive(Debug, Default)]
struct Regexes(RefCell<HashMap<String, Option<Regex>>>);

impl Template {
    /// Reads a template; says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { tree: parse::parse(text)?, regexes: Regexes::default() })
    }

    /// The text that the template gives.
    pub(super) fn execute(&self, data: &Data, now: Now) -> Result<String, Failed> {
        exec::execute(&self.tree, data, &self.regexes, now.unix)
    }
}

impl Regexes {
    fn get(&self, expression: &str) -> Result<Regex, Failed> {
        let mut known = self.0.borrow_mut();
        if let Some(regex) = known.get(expression) {
            return regex.clone().ok_or(Failed);
        }
        if known.len() >= MAX_REGEXES {
            known.clear();
        }
        let regex = go_regex::compile(expression).ok();
        known.insert(expression.to_owned(), regex.clone());
        regex.ok_or(Failed)
    }
}

#[cfg(test)]
mod tests;
