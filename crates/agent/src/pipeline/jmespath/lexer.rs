//! An expression's words.

use wharf_go::json::{self, JsonValue};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Star,
    Dot,
    /// `[?`
    Filter,
    /// `[]`
    Flatten,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Or,
    Pipe,
    Number(String),
    Name(String),
    QuotedName(String),
    Comma,
    Colon,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Literal(JsonValue<'static>),
    Current,
    Reference,
    And,
    Not,
    /// A single `=`.
    Unknown,
    End,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, length) = match c {
            ' ' | '\t' | '\n' | '\r' => {
                rest = &rest[1..];
                continue;
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Token::Name(rest[..end].to_owned()), end)
            }
            '-' | '0'..='9' => {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                (Token::Number(rest[..=digits].to_owned()), digits + 1)
            }
            '"' => {
                let inside = delimited(rest, '"')?;
                let name = match json::parse(&rest[..inside.len() + 2]) {
                    Ok(JsonValue::Text(name)) => name.into_owned(),
                    _ => return Err(format!("`{inside}` is not a JSON text")),
                };
                (Token::QuotedName(name), inside.len() + 2)
            }
            '`' => {
                let inside = delimited(rest, '`')?;
                let literal = inside.replace("\\`", "`");
                let value = json::parse(&literal).map_err(|_| format!("`{literal}` is not JSON"))?.into_owned();
                (Token::Literal(value), inside.len() + 2)
            }
            '\'' => {
                let (text, length) = raw(rest)?;
                (Token::Literal(JsonValue::Text(text.into())), length)
            }
            _ => sign(rest).ok_or_else(|| format!("`{c}` has no meaning here"))?,
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens.push(Token::End);
    Ok(tokens)
}

fn sign(text: &str) -> Option<(Token, usize)> {
    const SIGNS: [(&str, Token); 24] = [
        ("[?", Token::Filter),
        ("[]", Token::Flatten),
        ("[", Token::LeftBracket),
        ("||", Token::Or),
        ("|", Token::Pipe),
        ("<=", Token::LessEqual),
        ("<", Token::Less),
        (">=", Token::GreaterEqual),
        (">", Token::Greater),
        ("!=", Token::NotEqual),
        ("!", Token::Not),
        ("==", Token::Equal),
        ("=", Token::Unknown),
        ("&&", Token::And),
        ("&", Token::Reference),
        (".", Token::Dot),
        ("*", Token::Star),
        (",", Token::Comma),
        (":", Token::Colon),
        ("{", Token::LeftBrace),
        ("}", Token::RightBrace),
        ("]", Token::RightBracket),
        ("(", Token::LeftParen),
        (")", Token::RightParen),
    ];
    if text.starts_with('@') {
        return Some((Token::Current, 1));
    }
    SIGNS.into_iter().find(|(sign, _)| text.starts_with(sign)).map(|(sign, token)| (token, sign.len()))
}

/// The text between delimiters; a backslash keeps the character behind it.
fn delimited(text: &str, delimiter: char) -> Result<&str, String> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == delimiter => return Ok(&text[1..at]),
            _ => {}
        }
    }
    Err(format!("a closing {delimiter} is missing"))
}

/// The text between single quotes, where only `\'` is an escape; and its length, quotes included.
fn raw(text: &str) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut rest = &text[1..];
    loop {
        let at = rest.find(['\'', '\\']).ok_or("a closing ' is missing")?;
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("\\'") {
            out.push('\'');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
        } else {
            return Ok((out, text.len() - rest.len() + 1));
        }
    }
}
