//! Words to a tree, by the rules of Go's `text/template/parse`.

use std::collections::HashMap;

use super::functions::{Function, FunctionTable};
use super::lex::{Token, tokens};

/// Deepest nesting.
const MAX_DEPTH: usize = 100;

#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Print(Pipe),
    If { pipe: Pipe, then: Vec<Node>, or: Vec<Node> },
    With { pipe: Pipe, then: Vec<Node>, or: Vec<Node> },
    Range { pipe: Pipe, body: Vec<Node>, or: Vec<Node> },
    Call { name: String, pipe: Option<Pipe> },
    Break,
    Continue,
}

/// `$a, $b := command | command`
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) variables: Vec<String>,
    /// `=` in place of `:=`.
    pub(super) assigns: bool,
    /// Each is a list of operands; the first one is what is called or given.
    pub(super) commands: Vec<Vec<Operand>>,
}

#[derive(Debug)]
pub(super) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`
    Variable(String, Vec<String>),
    /// `(...).a.b`
    Chain(Box<Operand>, Vec<String>),
    Function(&'static Function),
    Pipe(Pipe),
}

/// A number as it is written may be both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) float: f64,
    /// Written with a point or an exponent.
    pub(super) is_float: bool,
}

/// A template's text, and the templates that it defines.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) main: Vec<Node>,
    pub(super) defined: HashMap<String, Vec<Node>>,
}

pub(super) fn parse(text: &str, functions: &FunctionTable) -> Result<Tree, String> {
    let mut parser = Parser {
        functions,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        loops: 0,
        variables: vec!["$".to_owned()],
        defined: HashMap::new(),
    };
    let (main, end) = parser.nodes(true)?;
    match end {
        Closing::Text => Ok(Tree { main, defined: parser.defined }),
        Closing::Action => Err("there is an {{end}} too much".to_owned()),
        Closing::Else => Err("{{else}} stands outside of {{if}}".to_owned()),
    }
}

/// What ends a list of nodes.
#[derive(Debug, PartialEq, Eq)]
enum Closing {
    /// The text's end.
    Text,
    /// `{{end}}`
    Action,
    /// `{{else`; what stands behind it is next.
    Else,
}

struct Parser<'f> {
    functions: &'f FunctionTable,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    loops: usize,
    variables: Vec<String>,
    defined: HashMap<String, Vec<Node>>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
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

    fn expect(&mut self, token: &Token, what: &str) -> Result<(), String> {
        if self.next_word() == *token { Ok(()) } else { Err(format!("{what} is missing")) }
    }

    /// Nodes up to the end of the text, `{{end}}` or `{{else`.
    fn nodes(&mut self, outermost: bool) -> Result<(Vec<Node>, Closing), String> {
        let mut nodes = Vec::new();
        loop {
            match self.next() {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::End => return Ok((nodes, Closing::Text)),
                _ => match self.peek_word().clone() {
                    Token::Name(name) if name == "end" => {
                        self.at += 1;
                        self.expect(&Token::Close, "the }} behind end")?;
                        return Ok((nodes, Closing::Action));
                    }
                    Token::Name(name) if name == "else" => {
                        self.at += 1;
                        return Ok((nodes, Closing::Else));
                    }
                    Token::Name(name) if name == "define" => {
                        if !outermost {
                            return Err("{{define}} has no place within another action".to_owned());
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
    fn scope<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the template nests too deeply".to_owned());
        }
        let variables = self.variables.len();
        let read = read(self)?;
        self.variables.truncate(variables);
        self.depth -= 1;
        Ok(read)
    }

    fn define(&mut self) -> Result<(), String> {
        let Token::String(name) = self.next_word() else { return Err("the name behind define is missing".to_owned()) };
        self.expect(&Token::Close, "the }} behind define")?;
        let body = self.template_body()?;
        self.defined.insert(name, body);
        Ok(())
    }

    /// The inside of a template up to its `{{end}}`, which sees no variables from outside.
    fn template_body(&mut self) -> Result<Vec<Node>, String> {
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let (body, end) = self.scope(|parser| parser.nodes(false))?;
        self.variables = outer;
        if end == Closing::Action { Ok(body) } else { Err("an {{end}} is missing".to_owned()) }
    }

    fn action(&mut self) -> Result<Node, String> {
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
                self.at += 1;
                self.expect(&Token::Close, "the }} behind break or continue")?;
                if self.loops == 0 {
                    return Err(format!("{{{{{keyword}}}}} stands outside of {{{{range}}}}"));
                }
                Ok(if keyword == "break" { Node::Break } else { Node::Continue })
            }
            "template" => {
                self.at += 1;
                let Token::String(name) = self.next_word() else {
                    return Err("a template's name is missing".to_owned());
                };
                Ok(Node::Call { name, pipe: self.optional_pipe()? })
            }
            "block" => {
                self.at += 1;
                let Token::String(name) = self.next_word() else {
                    return Err("the block's name is missing".to_owned());
                };
                let pipe = self.pipe(&Token::Close, false)?;
                let body = self.template_body()?;
                self.defined.entry(name.clone()).or_insert(body);
                Ok(Node::Call { name, pipe: Some(pipe) })
            }
            _ => Ok(Node::Print(self.pipe(&Token::Close, false)?)),
        }
    }

    fn optional_pipe(&mut self) -> Result<Option<Pipe>, String> {
        if *self.peek_word() == Token::Close {
            self.at += 1;
            return Ok(None);
        }
        self.pipe(&Token::Close, false).map(Some)
    }

    fn control(&mut self, keyword: &str) -> Result<Node, String> {
        let pipe = self.pipe(&Token::Close, keyword == "range")?;
        self.loops += usize::from(keyword == "range");
        let (then, end) = self.nodes(false)?;
        self.loops -= usize::from(keyword == "range");
        let or = match end {
            Closing::Action => Vec::new(),
            Closing::Text => return Err("an {{end}} is missing".to_owned()),
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
                        return Err("an {{end}} is missing behind {{else}}".to_owned());
                    }
                    or
                }
                token => return Err(format!("{token:?} has no place behind else")),
            },
        };
        Ok(match keyword {
            "if" => Node::If { pipe, then, or },
            "with" => Node::With { pipe, then, or },
            _ => Node::Range { pipe, body: then, or },
        })
    }

    /// A pipeline up to `end`, which is taken.
    fn pipe(&mut self, end: &Token, is_range: bool) -> Result<Pipe, String> {
        let (variables, assigns) = self.declaration(is_range)?;
        let mut commands: Vec<Vec<Operand>> = Vec::new();
        loop {
            if self.peek_word() == end {
                self.at += 1;
                break;
            }
            let command = self.command(end)?;
            let is_constant = matches!(
                command[0],
                Operand::Bool(_) | Operand::Dot | Operand::Nil | Operand::Number(_) | Operand::Text(_)
            );
            if !commands.is_empty() && is_constant {
                return Err("what stands behind a | must be callable".to_owned());
            }
            commands.push(command);
        }
        if commands.is_empty() {
            return Err("an action has nothing in it".to_owned());
        }
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipe { variables, assigns, commands })
    }

    /// `$a :=`, `$a =`, and in a range `$a, $b :=`.
    fn declaration(&mut self, is_range: bool) -> Result<(Vec<String>, bool), String> {
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
                        return Err(format!("the variable {unknown} is not there"));
                    }
                    return Ok((variables, true));
                }
                Token::Comma if is_range && variables.len() < 2 => self.at += 1,
                Token::Comma => return Err("there are too many variables".to_owned()),
                _ => break,
            }
        }
        self.at = start;
        Ok((Vec::new(), false))
    }

    /// Operands up to a pipe or the end.
    fn command(&mut self, end: &Token) -> Result<Vec<Operand>, String> {
        let mut operands = Vec::new();
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
                token => return Err(format!("{token:?} has no place here")),
            }
        }
        if operands.is_empty() { Err("a command is empty".to_owned()) } else { Ok(operands) }
    }

    fn pipe_sign(&mut self, end: &Token) -> Result<(), String> {
        self.at += 1;
        if self.peek_word() == end { Err("nothing stands behind a |".to_owned()) } else { Ok(()) }
    }

    fn operand(&mut self) -> Result<Option<Operand>, String> {
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
                return Err(format!("`.{}` has no place behind a constant", fields[0]));
            }
            operand => Operand::Chain(operand.into(), fields),
        }))
    }

    fn term(&mut self) -> Result<Option<Operand>, String> {
        let operand = match self.peek_word().clone() {
            Token::Name(name) => match name.as_str() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                name => Operand::Function(self.functions.find(name)?),
            },
            Token::Dot => Operand::Dot,
            Token::Field(name) => Operand::Field(vec![name]),
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return Err(format!("the variable {name} is not there"));
                }
                Operand::Variable(name, Vec::new())
            }
            Token::String(text) => Operand::Text(text),
            Token::Char(c) => {
                let code = i64::from(u32::from(c));
                Operand::Number(Number { int: Some(code), float: code as f64, is_float: false })
            }
            Token::Number(text) => Operand::Number(number(&text).ok_or_else(|| format!("`{text}` is not a number"))?),
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

    fn scope_pipe(&mut self) -> Result<Pipe, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the template nests too deeply".to_owned());
        }
        let pipe = self.pipe(&Token::RightParen, false)?;
        self.depth -= 1;
        Ok(pipe)
    }
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
