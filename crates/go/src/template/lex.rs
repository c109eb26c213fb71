//! A template's words: text, and what stands in `{{ }}`.

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

/// Splits a template; says what is wrong with it.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let (mut tokens, mut rest, mut trim) = (Vec::new(), text, false);
    loop {
        let (before, inside) = match rest.find("{{") {
            Some(at) => (&rest[..at], Some(&rest[at + 2..])),
            None => (rest, None),
        };
        let before = if trim { before.trim_start_matches(BLANKS) } else { before };
        let marked = inside.and_then(|inside| inside.strip_prefix('-')).filter(|inside| inside.starts_with(BLANKS));
        let before = if marked.is_some() { before.trim_end_matches(BLANKS) } else { before };
        if !before.is_empty() {
            tokens.push(Token::Text(before.to_owned()));
        }
        let Some(inside) = inside else { break };
        let inside = marked.unwrap_or(inside);
        (rest, trim) =
            match inside.trim_start_matches(if marked.is_some() { BLANKS } else { NOTHING }).strip_prefix("/*") {
                Some(comment) => end_of_comment(comment)?,
                None => action(inside, &mut tokens)?,
            };
    }
    tokens.push(Token::End);
    Ok(tokens)
}

const BLANKS: &[char] = &[' ', '\t', '\r', '\n'];
const NOTHING: &[char] = &[];

/// The text behind a comment, and whether it is trimmed.
fn end_of_comment(text: &str) -> Result<(&str, bool), String> {
    let (_, after) = text.split_once("*/").ok_or("a comment has no end")?;
    close(after).ok_or_else(|| "a comment ends before the closing }}".to_owned())
}

/// The text behind `}}` or ` -}}`, and whether it is trimmed.
fn close(text: &str) -> Option<(&str, bool)> {
    if let Some(after) = text.strip_prefix("}}") {
        return Some((after, false));
    }
    let marked = text.strip_prefix(BLANKS)?.strip_prefix("-}}")?;
    Some((marked, true))
}

/// The words up to the closing `}}`; gives the text behind it, and whether that is trimmed.
fn action<'t>(text: &'t str, tokens: &mut Vec<Token>) -> Result<(&'t str, bool), String> {
    tokens.push(Token::Open);
    let (mut rest, mut parens) = (text, 0_usize);
    loop {
        if let Some(behind) = close(rest) {
            if parens > 0 {
                return Err("a ( is not closed".to_owned());
            }
            tokens.push(Token::Close);
            return Ok(behind);
        }
        let c = rest.chars().next().ok_or("an action is not closed with }}")?;
        let (token, length) = match c {
            ' ' | '\t' | '\r' | '\n' => {
                let mut length = rest.find(|c| !BLANKS.contains(&c)).unwrap_or(rest.len());
                // The last blank belongs to the mark that trims.
                if rest[length..].starts_with("-}}") {
                    length -= 1;
                }
                if length == 0 {
                    continue;
                }
                (Token::Blank, length)
            }
            ':' if rest.starts_with(":=") => (Token::Declare, 2),
            '=' => (Token::Assign, 1),
            '|' => (Token::Pipe, 1),
            ',' => (Token::Comma, 1),
            '(' => {
                parens += 1;
                (Token::LeftParen, 1)
            }
            ')' => {
                parens = parens.checked_sub(1).ok_or("there is a ) too much")?;
                (Token::RightParen, 1)
            }
            '"' | '`' | '\'' => quoted(rest, c)?,
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
            c => return Err(format!("`{c}` has no meaning in an action")),
        };
        rest = &rest[length..];
        let is_word = matches!(token, Token::Name(_) | Token::Field(_) | Token::Variable(_) | Token::Dot);
        if is_word && !rest.starts_with(|c| BLANKS.contains(&c) || ".,|:=)(}".contains(c)) {
            let c = rest.chars().next().map_or_else(String::new, String::from);
            return Err(if c.is_empty() {
                "an action is not closed with }}".to_owned()
            } else {
                format!("`{c}` has no place behind a name")
            });
        }
        tokens.push(token);
    }
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

fn quoted(text: &str, quote: char) -> Result<(Token, usize), String> {
    let length = strconv::quoted_length(text).ok_or("a text has no closing quote")?;
    let inside = &text[..length];
    let token = if quote == '\'' {
        strconv::unquote_char(inside).map(Token::Char)
    } else {
        strconv::unquote(inside).map(Token::String)
    };
    token.map(|token| (token, length)).ok_or_else(|| format!("{inside} has an unknown escape"))
}
