//! Reads files of `KEY=value` lines: `.env`, `--env-file`, `env_file`.
//!
//! Values may be bare, in double quotes (escapes, variables, several lines) or in single quotes (literal). `KEY` alone
//! takes its value from the lookup. Source: the specification's "Env_file format".

use std::collections::HashMap;

use crate::interpolate::template;

/// What is wrong with a line.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    /// Line, from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// What a file holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) entries: Vec<(String, String)>,
    /// Variables used without a value, with the line.
    pub(crate) unset: Vec<(String, usize)>,
}

/// Reads a file in Compose's own format. Variables are resolved by `lookup`, then by the keys before them, then by
/// `earlier` ones of other files.
pub(crate) fn parse(
    text: &str,
    earlier: Vec<(String, String)>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Parsed, Problem> {
    let own = earlier.len();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let positions = earlier.iter().enumerate().map(|(position, (key, _))| (key.clone(), position)).collect();
    let mut parser = Parser { rest: text, line: 1, entries: earlier, positions, lookup, unset: Vec::new() };
    while parser.statement()? {}
    Ok(Parsed { entries: parser.entries.split_off(own), unset: parser.unset })
}

/// Reads a file whose lines are taken as they are (`format: raw`).
pub(crate) fn parse_raw(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, Problem> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (line.trim_end(), lookup(line.trim_end())),
        };
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(Problem { line: index + 1, message: format!("`{key}` cannot be a variable's name") });
        }
        entries.extend(value.map(|value| (key.to_owned(), value)));
    }
    Ok(entries)
}

struct Parser<'p> {
    rest: &'p str,
    line: usize,
    entries: Vec<(String, String)>,
    /// Where the last entry of each key is.
    positions: HashMap<String, usize>,
    lookup: &'p dyn Fn(&str) -> Option<String>,
    unset: Vec<(String, usize)>,
}

/// A space that is not a line break.
fn is_blank(c: char) -> bool {
    c != '\n' && c.is_whitespace()
}

impl<'p> Parser<'p> {
    fn problem(&self, message: String) -> Problem {
        Problem { line: self.line, message }
    }

    fn take(&mut self, bytes: usize) -> &'p str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn value_of(&self, name: &str) -> Option<String> {
        let own = || self.positions.get(name).map(|position| self.entries[*position].1.clone());
        (self.lookup)(name).or_else(own)
    }

    /// Reads one statement; `false` at the end of the file.
    fn statement(&mut self) -> Result<bool, Problem> {
        let blank = self.rest.len() - self.rest.trim_start().len();
        self.take(blank);
        if self.rest.is_empty() {
            return Ok(false);
        }
        if self.rest.starts_with('#') {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            return Ok(true);
        }
        if let Some(rest) = self.rest.strip_prefix("export").filter(|rest| rest.starts_with(is_blank)) {
            self.rest = rest.trim_start_matches(is_blank);
        }
        let end = self.rest.find(['=', ':', '\n']).unwrap_or(self.rest.len());
        let key = self.rest[..end].trim_end();
        if let Some(bad) =
            key.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']') || is_blank(*c)))
        {
            return Err(self.problem(format!("`{bad}` cannot stand in a variable's name")));
        }
        if key.contains(char::is_whitespace) {
            return Err(self.problem("a variable's name cannot hold a space".to_owned()));
        }
        let key = key.to_owned();
        let has_value = !self.rest[end..].starts_with('\n') && end < self.rest.len();
        self.take((end + usize::from(end < self.rest.len())).min(self.rest.len()));
        if !has_value {
            if let Some(value) = (self.lookup)(&key) {
                self.push(key, value);
            }
            return Ok(true);
        }
        let value = self.value()?;
        self.push(key, value);
        Ok(true)
    }

    fn push(&mut self, key: String, value: String) {
        self.positions.insert(key.clone(), self.entries.len());
        self.entries.push((key, value));
    }

    fn value(&mut self) -> Result<String, Problem> {
        self.rest = self.rest.trim_start_matches(is_blank);
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => {
                let line = self.rest.find('\n').unwrap_or(self.rest.len());
                let text = &self.rest[..line];
                let text = text.split_once(" #").map_or(text, |(value, _)| value).trim_end();
                let value = self.expand(text)?;
                self.take(line);
                Ok(value)
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Problem> {
        let mut raw = String::new();
        let mut escaped = false;
        for (index, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped && c == quote => raw.push(c),
                _ if escaped => raw.extend(['\\', c]),
                '\\' => {
                    escaped = true;
                    continue;
                }
                _ if c == quote => {
                    let value = if quote == '"' { self.expand(&unescape(&raw))? } else { raw };
                    self.take(index + 1);
                    return Ok(value);
                }
                _ => raw.push(c),
            }
            escaped = false;
        }
        Err(self.problem(format!("the value's {quote} is not closed")))
    }

    fn expand(&mut self, text: &str) -> Result<String, Problem> {
        let mut missing = Vec::new();
        let value = template::substitute(text, &|name| self.value_of(name), &mut |name| missing.push(name.to_owned()));
        self.unset.extend(missing.into_iter().map(|name| (name, self.line)));
        value.map_err(|problem| self.problem(problem.message))
    }
}

/// Resolves the escapes of a double-quoted value; `\$` becomes `$$`, which interpolation makes a `$`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.peek().copied() {
            Some('$') => out.push_str("$$"),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            Some(c @ ('"' | '\\')) => out.push(c),
            _ => {
                out.push('\\');
                continue;
            }
        }
        chars.next();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let lookup = |name: &str| (name == "HOST").then(|| "host".to_owned());
        parse(text, Vec::new(), &lookup).expect("the file is well formed").entries
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_are_bare_or_quoted() {
        let text = "# note\nA=1 # one\nexport B = two words\nC='$A'\nD=\"x\\ty $A\"\nE=\"a\nb\"\nF=\n\nG: yaml\r\n";
        assert_eq!(
            read(text),
            pairs(&[
                ("A", "1"),
                ("B", "two words"),
                ("C", "$A"),
                ("D", "x\ty 1"),
                ("E", "a\nb"),
                ("F", ""),
                ("G", "yaml")
            ])
        );
    }

    #[test]
    fn a_key_alone_takes_its_value_from_outside() {
        assert_eq!(read("HOST\nNONE\nA=${HOST}-${NONE:-x}"), pairs(&[("HOST", "host"), ("A", "host-x")]));
    }

    #[test]
    fn a_problem_names_its_line() {
        let problem = parse("A=1\nB='x\n", Vec::new(), &|_| None).unwrap_err();
        assert_eq!((problem.line, problem.message.as_str()), (2, "the value's ' is not closed"));
        assert_eq!(parse("A B=1", Vec::new(), &|_| None).unwrap_err().line, 1);
    }

    #[test]
    fn raw_lines_are_taken_as_they_are() {
        let entries = parse_raw("# c\nA='$X' # y\n\nB=1\nC\n", &|_| None).expect("the file is well formed");
        assert_eq!(entries, pairs(&[("A", "'$X' # y"), ("B", "1")]));
    }
}
