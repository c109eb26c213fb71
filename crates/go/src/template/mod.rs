//! Go's `text/template`, with Sprig's functions and those that a caller adds.
//!
//! Types are Go's: a function that takes an `int` refuses an `int64`, and the template fails. Sprig's functions that make
//! keys, certificates and passwords, or that ask the network or the environment, are left out.

mod exec;
mod float;
mod functions;
mod lex;
mod parse;
mod print;
mod value;

use std::cell::RefCell;
use std::collections::HashMap;

pub use self::functions::{Arguments, Call, Context, Function, FunctionTable, function};
pub use self::value::{Items, Value, list, map, text, texts};
use crate::regexp::{self, Regex};

/// Most expressions that a template remembers.
const MAX_REGEXES: usize = 100;

/// A parsed template.
#[derive(Debug)]
pub struct Template {
    tree: parse::Tree,
    regexes: Regexes,
}

/// The template could not be carried out: a function failed, or was given a value of another type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template failed")]
pub struct Failed;

/// The text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ParseError {
    /// What is wrong.
    pub reason: String,
}

/// Regular expressions that functions were given.
#[derive(Debug, Default)]
struct Regexes(RefCell<HashMap<String, Option<Regex>>>);

impl Template {
    /// Parses a template that may call the functions of the table.
    ///
    /// # Errors
    ///
    /// What Go refuses, and functions that the table does not have.
    pub fn parse(text: &str, functions: &FunctionTable) -> Result<Self, ParseError> {
        let tree = parse::parse(text, functions).map_err(|reason| ParseError { reason })?;
        Ok(Self { tree, regexes: Regexes::default() })
    }

    /// The template's output for `data`, which is what `.` and `$` stand for. `now` is the time for the functions of dates,
    /// in nanoseconds since 1970.
    ///
    /// # Errors
    ///
    /// A function failed or refused its arguments, or the template took too many steps.
    pub fn execute(&self, data: Value, now: i64) -> Result<String, Failed> {
        exec::execute(&self.tree, data, &self.regexes, now)
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
        let regex = regexp::compile(expression).ok();
        known.insert(expression.to_owned(), regex.clone());
        regex.ok_or(Failed)
    }
}

#[cfg(test)]
mod tests;
