//! A parsed template.

use std::collections::HashMap;

use super::function::Function;

#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Print(Pipe),
    If { pipe: Pipe, then: Vec<Node>, or: Vec<Node> },
    With { pipe: Pipe, then: Vec<Node>, or: Vec<Node> },
    Range { pipe: Pipe, body: Vec<Node>, or: Vec<Node> },
    Call { name: String, pipe: Option<Pipe>, offset: usize },
    Break,
    Continue,
}

/// `$a, $b := command | command`
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) variables: Vec<String>,
    /// `=` in place of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// Operands, of which the first is what is called or given.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
    /// Where it begins, in bytes from the template's start.
    pub(super) offset: usize,
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

/// A number, which may be used as an int and as a float.
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

impl Tree {
    /// Changes the text between the actions, in the order of the template.
    pub(super) fn change_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        change_nodes(&mut self.main, change);
        self.defined.values_mut().for_each(|nodes| change_nodes(nodes, change));
    }

    /// The fields of the data that the template begins with.
    pub(super) fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        in_nodes(&self.main, true, &mut fields);
        fields
    }
}

fn change_nodes(nodes: &mut [Node], change: &mut dyn FnMut(&mut String)) {
    for node in nodes {
        match node {
            Node::Text(text) => change(text),
            Node::Print(_) | Node::Call { .. } | Node::Break | Node::Continue => {}
            Node::If { then: body, or, .. } | Node::With { then: body, or, .. } | Node::Range { body, or, .. } => {
                change_nodes(body, change);
                change_nodes(or, change);
            }
        }
    }
}

/// `outer`: the dot is the data that the template begins with.
fn in_nodes<'t>(nodes: &'t [Node], outer: bool, fields: &mut Vec<&'t str>) {
    for node in nodes {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Print(pipe) => in_pipe(pipe, outer, fields),
            Node::Call { pipe, .. } => pipe.iter().for_each(|pipe| in_pipe(pipe, outer, fields)),
            Node::If { pipe, then, or } => {
                in_pipe(pipe, outer, fields);
                in_nodes(then, outer, fields);
                in_nodes(or, outer, fields);
            }
            Node::With { pipe, then: body, or } | Node::Range { pipe, body, or } => {
                in_pipe(pipe, outer, fields);
                in_nodes(body, false, fields);
                in_nodes(or, outer, fields);
            }
        }
    }
}

fn in_pipe<'t>(pipe: &'t Pipe, outer: bool, fields: &mut Vec<&'t str>) {
    pipe.commands.iter().flat_map(|command| &command.operands).for_each(|operand| in_operand(operand, outer, fields));
}

fn in_operand<'t>(operand: &'t Operand, outer: bool, fields: &mut Vec<&'t str>) {
    match operand {
        Operand::Field(path) if outer => fields.extend(path.first().map(String::as_str)),
        Operand::Variable(name, path) if name == "$" => fields.extend(path.first().map(String::as_str)),
        Operand::Chain(inside, _) => in_operand(inside, outer, fields),
        Operand::Pipe(pipe) => in_pipe(pipe, outer, fields),
        _ => {}
    }
}
