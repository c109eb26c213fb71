//! The small, older LogQL of the `match` stage: a stream selector and line filters; no backticks, parsers or trailing comma.

use memchr::memmem::Finder;
use wharf_go::regexp::{self, Regex};
use wharf_go::strconv;
use wharf_loki::{Labels, MatchOp, Matcher, Selector};

/// Which entries a `match` stage is about.
#[derive(Debug)]
pub(super) struct Expression {
    selector: Selector,
    filters: Vec<Filter>,
}

#[derive(Debug)]
enum Filter {
    Contains { finder: Box<Finder<'static>>, wanted: bool },
    Matches { regex: Regex, wanted: bool },
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    /// A name, or anything else that is not an operator.
    Name(String),
    Operator(&'static str),
}

const OPERATORS: [&str; 10] = ["!=", "=~", "!~", "|=", "|~", ",", ".", "{", "}", "="];

impl Expression {
    /// Reads an expression; says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut tokens = tokens.into_iter();
        expect(tokens.next(), "{")?;
        let mut matchers = Vec::new();
        loop {
            let Some(Token::Name(name)) = tokens.next() else { return Err("a label's name is missing".to_owned()) };
            let op = match tokens.next() {
                Some(Token::Operator("=")) => MatchOp::Equal,
                Some(Token::Operator("!=")) => MatchOp::NotEqual,
                Some(Token::Operator("=~")) => MatchOp::Regex,
                Some(Token::Operator("!~")) => MatchOp::NotRegex,
                _ => return Err(format!("behind `{name}`, one of = != =~ !~ is missing")),
            };
            let value = quoted(tokens.next())?;
            matchers.push(Matcher::new(&name, op, &value).map_err(|error| error.to_string())?);
            match tokens.next() {
                Some(Token::Operator(",")) => {}
                Some(Token::Operator("}")) => break,
                _ => return Err("`,` or `}` is missing".to_owned()),
            }
        }
        let mut filters = Vec::new();
        while let Some(token) = tokens.next() {
            let filter = match token {
                Token::Operator(op @ ("|=" | "!=")) => {
                    let finder = Finder::new(quoted(tokens.next())?.as_bytes()).into_owned().into();
                    Filter::Contains { finder, wanted: op == "|=" }
                }
                Token::Operator(op @ ("|~" | "!~")) => {
                    let regex = regexp::compile(&quoted(tokens.next())?).map_err(|error| error.to_string())?;
                    Filter::Matches { regex, wanted: op == "|~" }
                }
                _ => return Err("behind the selector, only |= != |~ !~ are known here".to_owned()),
            };
            filters.push(filter);
        }
        Ok(Self { selector: Selector { matchers }, filters })
    }

    pub(super) fn matches(&self, labels: &Labels, line: &str) -> bool {
        self.selector.matches(labels)
            && self.filters.iter().all(|filter| match filter {
                Filter::Contains { finder, wanted } => finder.find(line.as_bytes()).is_some() == *wanted,
                Filter::Matches { regex, wanted } => regex.is_match(line) == *wanted,
            })
    }
}

fn expect(token: Option<Token>, operator: &'static str) -> Result<(), String> {
    if token == Some(Token::Operator(operator)) { Ok(()) } else { Err(format!("`{operator}` is missing")) }
}

fn quoted(token: Option<Token>) -> Result<String, String> {
    match token {
        Some(Token::Text(text)) => Ok(text),
        _ => Err("a text in double quotes is missing".to_owned()),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = if c == '"' {
            let length = strconv::quoted_length(rest).ok_or("a text has no closing quote")?;
            let inside = strconv::unquote(&rest[..length]).ok_or("a text has an unknown escape")?;
            tokens.push(Token::Text(inside));
            length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").ok_or("a comment has no end")? + 2
        } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            tokens.push(Token::Operator(operator));
            operator.len()
        } else {
            let is_word = |c: char| c == '_' || c.is_alphanumeric();
            let length = if is_word(c) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
            tokens.push(Token::Name(rest[..length].to_owned()));
            length
        };
        rest = rest[length..].trim_start_matches([' ', '\t', '\r', '\n']);
    }
    Ok(tokens)
}
