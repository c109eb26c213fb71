//! Go's `text/template`, with Sprig's functions and those that a caller adds.
//!
//! Types are Go's: a function that takes an `int` refuses an `int64`, and the template fails. Sprig's functions that make
//! keys, certificates and passwords, or that ask the network or the environment, are left out.

mod exec;
mod failed;
mod fault;
mod float;
mod function;
mod functions;
mod json;
mod kind;
mod lex;
mod parse;
mod print;
mod regexes;
mod tree;
mod value;

pub use self::failed::Failed;
pub use self::fault::{ExecError, ParseError, Reason};
pub use self::function::{Arguments, Call, Context, Function, function};
pub use self::functions::FunctionTable;
pub use self::kind::Kind;
use self::regexes::Regexes;
pub use self::value::{Items, Object, Value, list, map, text, texts};

/// A parsed template.
#[derive(Debug)]
pub struct Template {
    source: Box<str>,
    tree: tree::Tree,
    regexes: Regexes,
}

impl Template {
    /// Parses a template that may call the functions of the table.
    ///
    /// # Errors
    ///
    /// What Go refuses, and functions that the table does not have.
    pub fn parse(text: &str, functions: &FunctionTable) -> Result<Self, ParseError> {
        let tree = parse::parse(text, functions).map_err(|fault| {
            let (line, column) = fault::place(text, fault.offset);
            ParseError { line, column, reason: fault.reason }
        })?;
        Ok(Self { source: text.into(), tree, regexes: Regexes::default() })
    }

    /// The template's output for `data`, which is what `.` and `$` stand for. `now` is the time for the functions of dates,
    /// in nanoseconds since 1970.
    ///
    /// # Errors
    ///
    /// A function failed or refused its arguments, or the template took too many steps.
    pub fn execute(&self, data: Value, now: i64) -> Result<String, ExecError> {
        exec::execute(&self.tree, data, &self.regexes, now).map_err(|fault| {
            let (line, column) = fault::place(&self.source, fault.offset.unwrap_or(0));
            ExecError { line, column, reason: fault.reason }
        })
    }

    /// Changes the text between the actions: first that of the template itself, in order, then that of the templates that it
    /// defines. The places that errors name stay those of the parsed text.
    pub fn change_text(&mut self, mut change: impl FnMut(&mut String)) {
        self.tree.change_text(&mut change);
    }

    /// The fields of the template's own data that it reads, in order: `Name` of `{{.Name}}` and of `{{$.Name}}`, but not of a
    /// `{{.Name}}` inside `{{range}}`, where the dot is another value.
    pub fn fields(&self) -> Vec<&str> {
        self.tree.fields()
    }
}

#[cfg(test)]
mod tests;
