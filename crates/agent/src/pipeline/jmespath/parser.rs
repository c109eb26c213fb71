//! Words to a tree, by binding powers.

use wharf_go::json::JsonValue;

use super::lexer::{Token, tokens};

/// Deepest nesting.
const MAX_DEPTH: usize = 100;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Current,
    Field(String),
    Index(i64),
    Slice([Option<i64>; 3]),
    Literal(JsonValue<'static>),
    /// `left.right`, `left[0]`
    Chain(Box<Node>, Box<Node>),
    Pipe(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Compare(Token, Box<Node>, Box<Node>),
    Flatten(Box<Node>),
    /// `left[*].right`
    Projection(Box<Node>, Box<Node>),
    /// `left.*.right`
    ValueProjection(Box<Node>, Box<Node>),
    /// `left[?condition].right`
    FilterProjection(Box<Node>, Box<Node>, Box<Node>),
    List(Vec<Node>),
    Hash(Vec<(String, Node)>),
    Reference(Box<Node>),
    Function(String, Vec<Node>),
}

pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let node = parser.expression(0)?;
    if *parser.peek() != Token::End {
        return Err(format!("there is more behind the expression: {:?}", parser.peek()));
    }
    Ok(node)
}

fn power(token: &Token) -> u8 {
    match token {
        Token::Pipe => 1,
        Token::Or => 2,
        Token::And => 3,
        Token::Equal | Token::NotEqual | Token::Less | Token::LessEqual | Token::Greater | Token::GreaterEqual => 5,
        Token::Flatten => 9,
        Token::Star => 20,
        Token::Filter => 21,
        Token::Dot => 40,
        Token::Not => 45,
        Token::LeftBrace => 50,
        Token::LeftBracket => 55,
        Token::LeftParen => 60,
        _ => 0,
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

fn chain(left: Node, right: Node) -> Node {
    Node::Chain(left.into(), right.into())
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        let next = self.next();
        if next == *token { Ok(()) } else { Err(format!("{token:?} is missing before {next:?}")) }
    }

    fn expression(&mut self, least: u8) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression nests too deeply".to_owned());
        }
        let mut left = self.prefix()?;
        while least < power(self.peek()) {
            left = self.infix(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// What an expression begins with.
    fn prefix(&mut self) -> Result<Node, String> {
        Ok(match self.next() {
            Token::Literal(value) => Node::Literal(value),
            Token::Name(name) => Node::Field(name),
            Token::QuotedName(_) if *self.peek() == Token::LeftParen => {
                return Err("the name of a function is in quotes".to_owned());
            }
            Token::QuotedName(name) => Node::Field(name),
            Token::Star if *self.peek() == Token::RightBracket => {
                Node::ValueProjection(Node::Current.into(), Node::Current.into())
            }
            Token::Star => Node::ValueProjection(Node::Current.into(), self.projected(20)?.into()),
            Token::Filter => self.filter(Node::Current)?,
            Token::LeftBrace => self.hash()?,
            Token::Flatten => {
                let left = Node::Flatten(Node::Current.into());
                Node::Projection(left.into(), self.projected(9)?.into())
            }
            Token::LeftBracket => match self.peek() {
                Token::Number(_) | Token::Colon => self.index(Node::Current)?,
                Token::Star if self.tokens.get(self.at + 1) == Some(&Token::RightBracket) => {
                    self.at += 2;
                    Node::Projection(Node::Current.into(), self.projected(20)?.into())
                }
                _ => self.list()?,
            },
            Token::Current => Node::Current,
            Token::Reference => Node::Reference(self.expression(0)?.into()),
            Token::Not => Node::Not(self.expression(45)?.into()),
            Token::LeftParen => {
                let inside = self.expression(0)?;
                self.expect(&Token::RightParen)?;
                inside
            }
            Token::End => return Err("the expression ends too early".to_owned()),
            token => return Err(format!("unexpected {token:?}")),
        })
    }

    /// What follows an expression.
    fn infix(&mut self, left: Node) -> Result<Node, String> {
        let token = self.next();
        Ok(match token {
            Token::Dot if *self.peek() == Token::Star => {
                self.at += 1;
                Node::ValueProjection(left.into(), self.projected(40)?.into())
            }
            Token::Dot => chain(left, self.behind_dot(40)?),
            Token::Pipe => Node::Pipe(left.into(), self.expression(1)?.into()),
            Token::Or => Node::Or(left.into(), self.expression(2)?.into()),
            Token::And => Node::And(left.into(), self.expression(3)?.into()),
            Token::LeftParen => {
                // Anything may be called; a call of something other than a name fails when it is evaluated.
                let name = if let Node::Field(name) = left { name } else { String::new() };
                Node::Function(name, self.arguments()?)
            }
            Token::Filter => self.filter(left)?,
            Token::Flatten => Node::Projection(Node::Flatten(left.into()).into(), self.projected(9)?.into()),
            Token::LeftBracket => match self.peek() {
                Token::Number(_) | Token::Colon => self.index(left)?,
                _ => {
                    self.expect(&Token::Star)?;
                    self.expect(&Token::RightBracket)?;
                    Node::Projection(left.into(), self.projected(20)?.into())
                }
            },
            token if power(&token) == 5 => {
                let right = self.expression(5)?;
                Node::Compare(token, left.into(), right.into())
            }
            token => return Err(format!("unexpected {token:?}")),
        })
    }

    fn arguments(&mut self) -> Result<Vec<Node>, String> {
        let mut arguments = Vec::new();
        while *self.peek() != Token::RightParen {
            arguments.push(self.expression(0)?);
            if *self.peek() == Token::Comma {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(arguments)
    }

    /// A number or a slice behind `[`.
    fn index(&mut self, left: Node) -> Result<Node, String> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is not a number"));
        let is_slice = *self.peek() == Token::Colon || self.tokens.get(self.at + 1) == Some(&Token::Colon);
        if !is_slice {
            let Token::Number(text) = self.next() else { return Err("a number is missing".to_owned()) };
            let index = Node::Index(number(&text)?);
            self.expect(&Token::RightBracket)?;
            return Ok(chain(left, index));
        }
        let (mut parts, mut part) = ([None; 3], 0);
        while *self.peek() != Token::RightBracket && part < 3 {
            match self.next() {
                Token::Colon => part += 1,
                Token::Number(text) => parts[part] = Some(number(&text)?),
                token => return Err(format!("a number or a colon is missing before {token:?}")),
            }
        }
        self.expect(&Token::RightBracket)?;
        let sliced = chain(left, Node::Slice(parts));
        Ok(Node::Projection(sliced.into(), self.projected(20)?.into()))
    }

    fn filter(&mut self, left: Node) -> Result<Node, String> {
        let condition = self.expression(0)?;
        self.expect(&Token::RightBracket)?;
        let right = if *self.peek() == Token::Flatten { Node::Current } else { self.projected(21)? };
        Ok(Node::FilterProjection(left.into(), right.into(), condition.into()))
    }

    fn behind_dot(&mut self, least: u8) -> Result<Node, String> {
        match self.peek() {
            Token::QuotedName(_) | Token::Name(_) | Token::Star => self.expression(least),
            Token::LeftBracket => {
                self.at += 1;
                self.list()
            }
            Token::LeftBrace => {
                self.at += 1;
                self.hash()
            }
            token => Err(format!("a name, `[` or `{{` is missing before {token:?}")),
        }
    }

    /// What is done with each value of a projection.
    fn projected(&mut self, least: u8) -> Result<Node, String> {
        match self.peek() {
            token if power(token) < 10 => Ok(Node::Current),
            Token::LeftBracket | Token::Filter => self.expression(least),
            Token::Dot => {
                self.at += 1;
                self.behind_dot(least)
            }
            token => Err(format!("unexpected {token:?}")),
        }
    }

    fn list(&mut self) -> Result<Node, String> {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            if *self.peek() == Token::RightBracket {
                self.at += 1;
                return Ok(Node::List(items));
            }
            self.expect(&Token::Comma)?;
        }
    }

    fn hash(&mut self) -> Result<Node, String> {
        let mut fields = Vec::new();
        loop {
            let (Token::Name(name) | Token::QuotedName(name)) = self.next() else {
                return Err("a key is missing".to_owned());
            };
            self.expect(&Token::Colon)?;
            fields.push((name, self.expression(0)?));
            match self.peek() {
                Token::Comma => self.at += 1,
                Token::RightBrace => {
                    self.at += 1;
                    return Ok(Node::Hash(fields));
                }
                // As in go-jmespath, a comma may be missing.
                _ => {}
            }
        }
    }
}
