//! LogQL's stream selectors: `{app="x", env=~"y.*"}`.

use wharf_go::regexp::{self, Regex, RegexError};
use wharf_go::strconv;

use crate::labels::{Labels, is_label_name};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// One condition on one label; a label that is not there has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How to compare.
    pub op: MatchOp,
    /// What to compare with.
    pub value: String,
    regex: Option<Regex>,
}

/// Matchers that must all hold.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// In the order they were written.
    pub matchers: Vec<Matcher>,
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct SelectorError {
    /// Where in the text, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl Matcher {
    /// A condition. An expression must match the whole value; `.` matches no line break.
    ///
    /// # Errors
    ///
    /// The expression cannot be read.
    pub fn new(name: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, RegexError> {
        let (name, value) = (name.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(regexp::compile_anchored(&value)?),
        };
        Ok(Self { name, op, value, regex })
    }

    /// Whether the condition holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name).unwrap_or_default();
        match (self.op, &self.regex) {
            (MatchOp::Equal, _) => value == self.value,
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, regex) => regex.as_ref().is_some_and(|regex| regex.is_match(value)),
            (MatchOp::NotRegex, regex) => !regex.as_ref().is_some_and(|regex| regex.is_match(value)),
        }
    }
}

impl Selector {
    /// Reads a selector: `{app="x", env=~"y.*"}`. Values are in double quotes or backticks.
    ///
    /// # Errors
    ///
    /// Where and what is wrong.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser { text, at: 0 };
        parser.expect("{")?;
        let mut matchers = Vec::new();
        if !parser.take("}") {
            loop {
                matchers.push(parser.matcher()?);
                if parser.take("}") {
                    break;
                }
                parser.expect(",")?;
            }
        }
        parser.blanks();
        if parser.at < text.len() { parser.fail("there is more behind the selector") } else { Ok(Self { matchers }) }
    }

    /// Whether all conditions hold.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, SelectorError> {
        Err(SelectorError { column: self.text[..self.at].chars().count() + 1, message: message.into() })
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.blanks();
        let there = self.rest().starts_with(sign);
        self.at += if there { sign.len() } else { 0 };
        there
    }

    fn expect(&mut self, sign: &str) -> Result<(), SelectorError> {
        if self.take(sign) { Ok(()) } else { self.fail(format!("`{sign}` is missing")) }
    }

    fn matcher(&mut self) -> Result<Matcher, SelectorError> {
        self.blanks();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = self.rest()[..self.rest().find(|c| !is_word(c)).unwrap_or(self.rest().len())].to_owned();
        if !is_label_name(&name) {
            return self.fail("a label's name is missing");
        }
        self.at += name.len();
        let signs =
            [("=~", MatchOp::Regex), ("!~", MatchOp::NotRegex), ("!=", MatchOp::NotEqual), ("=", MatchOp::Equal)];
        let Some((_, op)) = signs.into_iter().find(|(sign, _)| self.take(sign)) else {
            return self.fail("one of = != =~ !~ is missing");
        };
        self.blanks();
        let start = self.at;
        let Some(length) = strconv::quoted_length(self.rest()) else {
            return self.fail("a text in quotes is missing");
        };
        let Some(value) = strconv::unquote(&self.rest()[..length]) else {
            return self.fail("the text has an unknown escape");
        };
        self.at += length;
        Matcher::new(name, op, value).or_else(|error| {
            self.at = start;
            self.fail(error.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match() {
        let labels = Labels::new([("app", "web"), ("env", "prod")]).unwrap();
        for (text, matches) in [
            (r#"{app="web"}"#, true),
            (r#"{ app = `web` , env!="dev" }"#, true),
            (r#"{app=~"w.."}"#, true),
            (r#"{app=~"w."}"#, false),
            (r#"{app!~"x|y", nope=""}"#, true),
            ("{}", true),
            (r#"{env=~"dev|p\\w+"}"#, true),
        ] {
            assert_eq!(Selector::parse(text).unwrap().matches(&labels), matches, "{text}");
        }
    }

    #[test]
    fn a_fault_has_its_column() {
        for (text, column) in
            [("{app}", 5), (r#"{app="x""#, 9), ("app", 1), (r#"{a="b",}"#, 8), (r#"{a=~"("}"#, 5), ("{a=b}", 4)]
        {
            assert_eq!(Selector::parse(text).unwrap_err().column, column, "{text}");
        }
    }
}
