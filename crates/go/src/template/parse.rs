//! Tokens to a tree, by the rules of Go's `text/template/parse`.

use std::collections::HashMap;

use super::functions::FunctionTable;
use super::lex::{Lexed, SyntaxFault, Token, tokens};
use super::tree::{Command, Node, Number, Operand, Pipe, Tree};

/// Deepest nesting.
const MAX_DEPTH: usize = 100;

type Result<T> = std::result::Result<T, SyntaxFault>;

pub(super) fn parse(text: &str, functions: &FunctionTable) -> Result<Tree> {
    let mut parser = Parser {
        functions,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        loops: 0,
        variables: vec!["$".to_owned()],
        defined: HashMap::new(),
    };
    let (main, _) = parser.nodes(true)?;
    Ok(Tree { main, defined: parser.defined })
}

/// What ends a list of nodes.
#[derive(Debug, PartialEq, Eq)]
enum Closing {
    /// The text's end.
    Text,
    /// `{{end}}`
    Action,
    /// `{{else`; what follows it is next.
    Else,
}

struct Parser<'f> {
    functions: &'f FunctionTable,
    tokens: Vec<Lexed>,
    at: usize,
    depth: usize,
    loops: usize,
    variables: Vec<String>,
    defined: HashMap<String, Vec<Node>>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |lexed| &lexed.token)
    }

    /// Where the token `back` tokens before the next one begins.
    fn offset(&self, back: usize) -> usize {
        let at = self.at.saturating_sub(back).min(self.tokens.len().saturating_sub(1));
        self.tokens.get(at).map_or(0, |lexed| lexed.offset)
    }

    /// A fault of the next token.
    fn here(&self, reason: impl Into<String>) -> SyntaxFault {
        SyntaxFault { offset: self.offset(0), reason: reason.into() }
    }

    /// A fault of the token that was taken last.
    fn behind(&self, reason: impl Into<String>) -> SyntaxFault {
        SyntaxFault { offset: self.offset(1), reason: reason.into() }
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn peek_word(&mut self) -> &Token {
        if *self.peek() == Token::Blank {
            self.at += 1;
        }
        self.peek()
    }

    fn next_word(&mut self) -> Token {
        self.peek_word();
        self.next()
    }

    fn expect(&mut self, token: &Token, after: &str) -> Result<()> {
        match self.next_word() {
            found if found == *token => Ok(()),
            found => Err(self.behind(format!("expected {token} after {after}, found {found}"))),
        }
    }

    /// Nodes up to the end of the text, `{{end}}` or `{{else`.
    fn nodes(&mut self, outermost: bool) -> Result<(Vec<Node>, Closing)> {
        let mut nodes = Vec::new();
        loop {
            match self.next() {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::End => return Ok((nodes, Closing::Text)),
                _ => match self.peek_word().clone() {
                    Token::Name(name) if outermost && (name == "end" || name == "else") => {
                        return Err(self.here(format!("{name} is outside of any if, with, range, block or define")));
                    }
                    Token::Name(name) if name == "end" => {
                        self.at += 1;
                        self.expect(&Token::Close, "end")?;
                        return Ok((nodes, Closing::Action));
                    }
                    Token::Name(name) if name == "else" => {
                        self.at += 1;
                        return Ok((nodes, Closing::Else));
                    }
                    Token::Name(name) if name == "define" => {
                        if !outermost {
                            return Err(self.here("{{define}} is only allowed outside of other actions"));
                        }
                        self.at += 1;
                        self.define()?;
                    }
                    _ => nodes.push(self.action()?),
                },
            }
        }
    }

    /// Nodes up to `{{end}}`, with variables of their own.
    fn scope<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.here("the template nests too deeply"));
        }
        let variables = self.variables.len();
        let read = read(self)?;
        self.variables.truncate(variables);
        self.depth -= 1;
        Ok(read)
    }

    fn define(&mut self) -> Result<()> {
        let opening = self.offset(1);
        let Token::String(name) = self.next_word() else { return Err(self.behind("define needs a name in quotes")) };
        self.expect(&Token::Close, "the name")?;
        let body = self.template_body(opening)?;
        self.defined.insert(name, body);
        Ok(())
    }

    /// The inside of a template up to its `{{end}}`, which sees no variables from outside.
    fn template_body(&mut self, opening: usize) -> Result<Vec<Node>> {
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let (body, end) = self.scope(|parser| parser.nodes(false))?;
        self.variables = outer;
        if end == Closing::Action { Ok(body) } else { Err(unclosed(opening)) }
    }

    fn action(&mut self) -> Result<Node> {
        let keyword = match self.peek_word() {
            Token::Name(name) => name.clone(),
            _ => String::new(),
        };
        match keyword.as_str() {
            "if" | "with" | "range" => {
                self.at += 1;
                self.scope(|parser| parser.control(&keyword))
            }
            "break" | "continue" => {
                if self.loops == 0 {
                    return Err(self.here(format!("{{{{{keyword}}}}} is outside of {{{{range}}}}")));
                }
                self.at += 1;
                self.expect(&Token::Close, &keyword)?;
                Ok(if keyword == "break" { Node::Break } else { Node::Continue })
            }
            "template" => {
                let offset = self.offset(0);
                self.at += 1;
                let Token::String(name) = self.next_word() else {
                    return Err(self.behind("template needs a name in quotes"));
                };
                Ok(Node::Call { name, pipe: self.optional_pipe()?, offset })
            }
            "block" => {
                let opening = self.offset(0);
                self.at += 1;
                let Token::String(name) = self.next_word() else {
                    return Err(self.behind("block needs a name in quotes"));
                };
                let pipe = self.pipe(&Token::Close, false)?;
                let body = self.template_body(opening)?;
                self.defined.entry(name.clone()).or_insert(body);
                Ok(Node::Call { name, pipe: Some(pipe), offset: opening })
            }
            _ => Ok(Node::Print(self.pipe(&Token::Close, false)?)),
        }
    }

    fn optional_pipe(&mut self) -> Result<Option<Pipe>> {
        if *self.peek_word() == Token::Close {
            self.at += 1;
            return Ok(None);
        }
        self.pipe(&Token::Close, false).map(Some)
    }

    fn control(&mut self, keyword: &str) -> Result<Node> {
        let opening = self.offset(1);
        let pipe = self.pipe(&Token::Close, keyword == "range")?;
        self.loops += usize::from(keyword == "range");
        let (then, end) = self.nodes(false)?;
        self.loops -= usize::from(keyword == "range");
        let or = match end {
            Closing::Action => Vec::new(),
            Closing::Text => return Err(unclosed(opening)),
            Closing::Else => match self.peek_word().clone() {
                // The {{end}} of what follows ends this one, too.
                Token::Name(name) if name == keyword && keyword != "range" => {
                    self.at += 1;
                    vec![self.scope(|parser| parser.control(keyword))?]
                }
                Token::Close => {
                    self.at += 1;
                    let (or, end) = self.nodes(false)?;
                    if end != Closing::Action {
                        return Err(unclosed(opening));
                    }
                    or
                }
                token => return Err(self.here(format!("unexpected {token} after else"))),
            },
        };
        Ok(match keyword {
            "if" => Node::If { pipe, then, or },
            "with" => Node::With { pipe, then, or },
            _ => Node::Range { pipe, body: then, or },
        })
    }

    /// A pipeline up to `end`, which is taken.
    fn pipe(&mut self, end: &Token, is_range: bool) -> Result<Pipe> {
        let (variables, assigns) = self.declaration(is_range)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            if self.peek_word() == end {
                self.at += 1;
                break;
            }
            let command = self.command(end)?;
            let is_constant = matches!(
                command.operands[0],
                Operand::Bool(_) | Operand::Dot | Operand::Nil | Operand::Number(_) | Operand::Text(_)
            );
            if !commands.is_empty() && is_constant {
                return Err(SyntaxFault {
                    offset: command.offset,
                    reason: "a value cannot follow a |: only a function or a method".to_owned(),
                });
            }
            commands.push(command);
        }
        if commands.is_empty() {
            return Err(self.behind("an action is empty"));
        }
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipe { variables, assigns, commands })
    }

    /// `$a :=`, `$a =`, and in a range `$a, $b :=`.
    fn declaration(&mut self, is_range: bool) -> Result<(Vec<String>, bool)> {
        let start = self.at;
        let mut variables = Vec::new();
        while let Token::Variable(name) = self.peek_word().clone() {
            self.at += 1;
            variables.push(name);
            match self.peek_word().clone() {
                Token::Declare => {
                    self.at += 1;
                    return Ok((variables, false));
                }
                Token::Assign => {
                    self.at += 1;
                    if let Some(unknown) = variables.iter().find(|name| !self.variables.contains(name)) {
                        return Err(self.behind(format!("there is no variable {unknown}")));
                    }
                    return Ok((variables, true));
                }
                Token::Comma if is_range && variables.len() < 2 => self.at += 1,
                Token::Comma => return Err(self.here("too many variables")),
                _ => break,
            }
        }
        self.at = start;
        Ok((Vec::new(), false))
    }

    /// Operands up to a pipe or the end.
    fn command(&mut self, end: &Token) -> Result<Command> {
        self.peek_word();
        let (mut operands, offset) = (Vec::new(), self.offset(0));
        loop {
            if let Some(operand) = self.operand()? {
                operands.push(operand);
            }
            match self.peek().clone() {
                Token::Blank => {
                    self.at += 1;
                    if self.peek() == end {
                        break;
                    }
                    if *self.peek() == Token::Pipe {
                        self.pipe_sign(end)?;
                        break;
                    }
                }
                Token::Pipe => {
                    self.pipe_sign(end)?;
                    break;
                }
                token if token == *end => break,
                token => return Err(self.here(format!("unexpected {token}"))),
            }
        }
        if operands.is_empty() {
            Err(SyntaxFault { offset, reason: "a command is empty".to_owned() })
        } else {
            Ok(Command { operands, offset })
        }
    }

    fn pipe_sign(&mut self, end: &Token) -> Result<()> {
        self.at += 1;
        if self.peek_word() == end { Err(self.behind("nothing follows a |")) } else { Ok(()) }
    }

    fn operand(&mut self) -> Result<Option<Operand>> {
        let Some(operand) = self.term()? else { return Ok(None) };
        let mut fields = Vec::new();
        while let Token::Field(name) = self.peek().clone() {
            self.at += 1;
            fields.push(name);
        }
        if fields.is_empty() {
            return Ok(Some(operand));
        }
        Ok(Some(match operand {
            Operand::Field(mut path) => {
                path.append(&mut fields);
                Operand::Field(path)
            }
            Operand::Variable(name, mut path) => {
                path.append(&mut fields);
                Operand::Variable(name, path)
            }
            Operand::Bool(_) | Operand::Text(_) | Operand::Number(_) | Operand::Nil | Operand::Dot => {
                return Err(self.behind(format!("unexpected `.{}` after a constant", fields[0])));
            }
            operand => Operand::Chain(operand.into(), fields),
        }))
    }

    fn term(&mut self) -> Result<Option<Operand>> {
        let operand = match self.peek_word().clone() {
            Token::Name(name) => match name.as_str() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                name => Operand::Function(self.functions.find(name).map_err(|reason| self.here(reason))?),
            },
            Token::Dot => Operand::Dot,
            Token::Field(name) => Operand::Field(vec![name]),
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return Err(self.here(format!("there is no variable {name}")));
                }
                Operand::Variable(name, Vec::new())
            }
            Token::String(text) => Operand::Text(text),
            Token::Char(c) => {
                let code = i64::from(u32::from(c));
                Operand::Number(Number { int: Some(code), float: code as f64, is_float: false })
            }
            Token::Number(text) => {
                Operand::Number(number(&text).ok_or_else(|| self.here(format!("`{text}` is not a number")))?)
            }
            Token::LeftParen => {
                self.at += 1;
                let pipe = self.scope_pipe()?;
                return Ok(Some(Operand::Pipe(pipe)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(operand))
    }

    fn scope_pipe(&mut self) -> Result<Pipe> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.here("the template nests too deeply"));
        }
        let pipe = self.pipe(&Token::RightParen, false)?;
        self.depth -= 1;
        Ok(pipe)
    }
}

fn unclosed(opening: usize) -> SyntaxFault {
    SyntaxFault { offset: opening, reason: "this action has no {{end}}".to_owned() }
}

/// A number as Go writes it: `12`, `-0x1F`, `0b1`, `0o7`, `017`, `1_000`, `1.5e3`.
fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let signed = |number: i128| i64::try_from(if negative { -number } else { number }).ok();
    let digits = digits.replace('_', "");
    let (radix, plain) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] if digits.bytes().all(|byte| byte.is_ascii_digit()) => (8, &digits[1..]),
        _ => (10, digits.as_str()),
    };
    if let Ok(number) = i128::from_str_radix(plain, radix) {
        let int = signed(number)?;
        return Some(Number { int: Some(int), float: int as f64, is_float: false });
    }
    let is_float = radix == 10 && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let float = digits.parse::<f64>().ok().filter(|number| is_float && number.is_finite())?;
    let float = if negative { -float } else { float };
    let int = (float.fract() == 0.0 && float.abs() < 9e18).then_some(float as i64);
    Some(Number { int, float, is_float: true })
}
