//! A template's tokens: text, and what is between `{{` and `}}`.

use std::fmt;

use crate::strconv;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Text(String),
    Open,
    Close,
    /// Blanks between words, which separate arguments.
    Blank,
    /// A name: of a function, or a keyword.
    Name(String),
    /// `.Name`
    Field(String),
    /// `$name`
    Variable(String),
    Dot,
    String(String),
    Char(char),
    Number(String),
    Pipe,
    Declare,
    Assign,
    Comma,
    LeftParen,
    RightParen,
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Name(text) | Self::Variable(text) | Self::Number(text) => write!(f, "`{text}`"),
            Self::String(text) => write!(f, "{}", strconv::quote(text)),
            Self::Field(name) => write!(f, "`.{name}`"),
            Self::Char(c) => write!(f, "`{c}`"),
            Self::Open => f.write_str("`{{`"),
            Self::Close => f.write_str("`}}`"),
            Self::Blank => f.write_str("a blank"),
            Self::Dot => f.write_str("`.`"),
            Self::Pipe => f.write_str("`|`"),
            Self::Declare => f.write_str("`:=`"),
            Self::Assign => f.write_str("`=`"),
            Self::Comma => f.write_str("`,`"),
            Self::LeftParen => f.write_str("`(`"),
            Self::RightParen => f.write_str("`)`"),
            Self::End => f.write_str("the end of the template"),
        }
    }
}

/// A token and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Lexed {
    pub(super) token: Token,
    /// Bytes from the template's start.
    pub(super) offset: usize,
}

/// A mistake in a template, and its place.
#[derive(Debug)]
pub(super) struct SyntaxFault {
    /// Bytes from the template's start.
    pub(super) offset: usize,
    pub(super) reason: String,
}

type Result<T> = std::result::Result<T, SyntaxFault>;

/// Splits a template into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Lexed>> {
    let mut lexer = Lexer { text, rest: text, tokens: Vec::new() };
    lexer.template()?;
    Ok(lexer.tokens)
}

const BLANKS: &[char] = &[' ', '\t', '\r', '\n'];
const NOTHING: &[char] = &[];

struct Lexer<'t> {
    text: &'t str,
    /// What is left of the text.
    rest: &'t str,
    tokens: Vec<Lexed>,
}

impl<'t> Lexer<'t> {
    fn offset(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn fault(&self, reason: impl Into<String>) -> SyntaxFault {
        SyntaxFault { offset: self.offset(), reason: reason.into() }
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push(Lexed { token, offset: self.offset() });
        self.rest = &self.rest[length..];
    }

    /// Text and actions, up to the end.
    fn template(&mut self) -> Result<()> {
        let mut trim = false;
        loop {
            if trim {
                self.rest = self.rest.trim_start_matches(BLANKS);
            }
            let (length, is_last) = match self.rest.find("{{") {
                Some(at) => (at, false),
                None => (self.rest.len(), true),
            };
            let inside = self.rest.get(length + 2..).unwrap_or_default();
            let marked = inside.strip_prefix('-').filter(|inside| inside.starts_with(BLANKS));
            let before = &self.rest[..length];
            let before = if marked.is_some() { before.trim_end_matches(BLANKS) } else { before };
            if before.is_empty() {
                self.rest = &self.rest[length..];
            } else {
                self.push(Token::Text(before.to_owned()), length);
            }
            if is_last {
                self.push(Token::End, 0);
                return Ok(());
            }
            let after = marked.unwrap_or(inside);
            let comment = after.trim_start_matches(if marked.is_some() { BLANKS } else { NOTHING }).strip_prefix("/*");
            trim = match comment {
                Some(comment) => self.comment(comment)?,
                None => {
                    self.push(Token::Open, self.rest.len() - after.len());
                    self.action()?
                }
            };
        }
    }

    /// Skips a comment and the `}}` behind it; whether the text after it is trimmed.
    fn comment(&mut self, comment: &'t str) -> Result<bool> {
        let (_, after) = comment.split_once("*/").ok_or_else(|| self.fault("a comment is not closed with */"))?;
        let (rest, trim) = close(after).ok_or_else(|| self.fault("a comment is not followed by }}"))?;
        self.rest = rest;
        Ok(trim)
    }

    /// The tokens up to the closing `}}`; whether the text after it is trimmed.
    fn action(&mut self) -> Result<bool> {
        let opening = self.tokens.last().map_or(0, |open| open.offset);
        let unclosed = || SyntaxFault { offset: opening, reason: "an action is not closed with }}".to_owned() };
        let mut parens = 0_usize;
        loop {
            if let Some((behind, trim)) = close(self.rest) {
                if parens > 0 {
                    return Err(self.fault("a ( is not closed"));
                }
                self.push(Token::Close, self.rest.len() - behind.len());
                return Ok(trim);
            }
            let c = self.rest.chars().next().ok_or_else(unclosed)?;
            let (token, length) = match c {
                ' ' | '\t' | '\r' | '\n' => {
                    let length = self.rest.find(|c| !BLANKS.contains(&c)).unwrap_or(self.rest.len());
                    // The last blank belongs to the mark that trims; alone, it closed the action above.
                    let is_mark = self.rest[length..].starts_with("-}}");
                    (Token::Blank, length - usize::from(is_mark))
                }
                '(' => {
                    parens += 1;
                    (Token::LeftParen, 1)
                }
                ')' => {
                    parens = parens.checked_sub(1).ok_or_else(|| self.fault("a ) has no ("))?;
                    (Token::RightParen, 1)
                }
                c => self.word(c)?,
            };
            let is_word = matches!(token, Token::Name(_) | Token::Field(_) | Token::Variable(_) | Token::Dot);
            self.push(token, length);
            if is_word && !self.rest.starts_with(|c| BLANKS.contains(&c) || ".,|:=)(}".contains(c)) {
                return Err(match self.rest.chars().next() {
                    Some(c) => self.fault(format!("unexpected `{c}`")),
                    None => unclosed(),
                });
            }
        }
    }

    /// The token that begins with `c`, and its length.
    fn word(&self, c: char) -> Result<(Token, usize)> {
        let rest = self.rest;
        Ok(match c {
            ':' if rest.starts_with(":=") => (Token::Declare, 2),
            '=' => (Token::Assign, 1),
            '|' => (Token::Pipe, 1),
            ',' => (Token::Comma, 1),
            '"' | '`' | '\'' => self.quoted(c)?,
            '$' => {
                let name = word(&rest[1..]);
                (Token::Variable(format!("${name}")), name.len() + 1)
            }
            '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => match word(&rest[1..]) {
                "" => (Token::Dot, 1),
                name => (Token::Field(name.to_owned()), name.len() + 1),
            },
            c if c.is_ascii_digit() || matches!(c, '+' | '-' | '.') => {
                let signed = usize::from(matches!(c, '+' | '-'));
                let length = signed + number_length(&rest[signed..]);
                (Token::Number(rest[..length].to_owned()), length)
            }
            c if is_word(c) => (Token::Name(word(rest).to_owned()), word(rest).len()),
            c => return Err(self.fault(format!("unexpected `{c}`"))),
        })
    }

    fn quoted(&self, quote: char) -> Result<(Token, usize)> {
        let length = strconv::quoted_length(self.rest).ok_or_else(|| self.fault("a string has no closing quote"))?;
        let inside = &self.rest[..length];
        let token = if quote == '\'' {
            strconv::unquote_char(inside).map(Token::Char)
        } else {
            strconv::unquote(inside).map(Token::String)
        };
        token.map(|token| (token, length)).ok_or_else(|| self.fault(format!("{inside} has an unknown escape")))
    }
}

/// The text behind `}}` or ` -}}`, and whether it is trimmed.
fn close(text: &str) -> Option<(&str, bool)> {
    if let Some(after) = text.strip_prefix("}}") {
        return Some((after, false));
    }
    let marked = text.strip_prefix(BLANKS)?.strip_prefix("-}}")?;
    Some((marked, true))
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn word(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// The length of what may be a number; whether it is one shows when it is read.
fn number_length(text: &str) -> usize {
    let mut last = ' ';
    text.find(|c: char| {
        let part = is_word(c) || c == '.' || (matches!(c, '+' | '-') && matches!(last, 'e' | 'E' | 'p' | 'P'));
        last = c;
        !part
    })
    .unwrap_or(text.len())
}
