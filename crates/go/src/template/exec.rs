//! Executes a template.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::fault::{Fault, Reason};
use super::function::{Context, Function};
use super::functions;
use super::kind::Kind;
use super::regexes::Regexes;
use super::tree::{Command, Node, Number, Operand, Pipe, Tree};
use super::value::{MAX_BYTES, Value, text};

/// Most nodes and function calls of one execution.
const MAX_STEPS: usize = 100_000;
/// Deepest nesting of template calls.
const MAX_CALLS: usize = 100;

type Result<T> = std::result::Result<T, Fault>;

pub(super) fn execute(tree: &Tree, data: Value, regexes: &Regexes, now: i64) -> Result<String> {
    let mut state = State {
        tree,
        out: String::new(),
        variables: vec![("$".to_owned(), data.clone())],
        context: Context::new(regexes, now),
        steps: 0,
        calls: 0,
    };
    state.walk(&tree.main, &data)?;
    Ok(state.out)
}

/// Whether a loop continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct State<'t> {
    tree: &'t Tree,
    out: String,
    variables: Vec<(String, Value)>,
    context: Context<'t>,
    steps: usize,
    calls: usize,
}

impl<'t> State<'t> {
    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.out.len() > MAX_BYTES { Err(Reason::TooMuch.into()) } else { Ok(()) }
    }

    fn walk(&mut self, nodes: &'t [Node], dot: &Value) -> Result<Flow> {
        for node in nodes {
            self.step()?;
            let flow = match node {
                Node::Text(text) => {
                    self.out.push_str(text);
                    Flow::Next
                }
                Node::Print(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        self.print(&value);
                    }
                    Flow::Next
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
                node => {
                    let variables = self.variables.len();
                    let flow = self.control(node, dot)?;
                    self.variables.truncate(variables);
                    flow
                }
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, value: &Value) {
        match value {
            Value::Nil => self.out.push_str("<no value>"),
            Value::Text(text) => self.out.push_str(text),
            value => self.out.push_str(&value.show()),
        }
    }

    fn control(&mut self, node: &'t Node, dot: &Value) -> Result<Flow> {
        match node {
            Node::If { pipe, then, or } => {
                let value = self.pipe(pipe, dot)?;
                self.walk(if value.is_true() { then } else { or }, dot)
            }
            Node::With { pipe, then, or } => {
                let value = self.pipe(pipe, dot)?;
                if value.is_true() { self.walk(then, &value) } else { self.walk(or, dot) }
            }
            Node::Range { pipe, body, or } => self.range(pipe, body, or, dot),
            Node::Call { name, pipe, offset } => {
                self.call_template(name, pipe.as_ref(), dot).map_err(|fault| fault.at(*offset))
            }
            Node::Text(_) | Node::Print(_) | Node::Break | Node::Continue => Ok(Flow::Next),
        }
    }

    fn range(&mut self, pipe: &'t Pipe, body: &'t [Node], or: &'t [Node], dot: &Value) -> Result<Flow> {
        let items: Vec<(Value, Value)> = match self.value_of(pipe, dot)? {
            Value::List(items, _) => (0..).map(Value::Int).zip(items.iter().cloned()).collect(),
            Value::Map(fields) => fields.borrow().iter().map(|(key, value)| (text(key), value.clone())).collect(),
            Value::TextMap(fields) => {
                fields.iter().map(|(key, value)| (text(key), Value::Text(value.clone()))).collect()
            }
            // A number of times, since Go 1.22.
            Value::Int(count) | Value::Int64(count) => {
                (0..count.min(MAX_STEPS as i64)).map(|number| (Value::Int(number), Value::Int(number))).collect()
            }
            Value::Nil => Vec::new(),
            other => {
                let offset = pipe.commands.first().map_or(0, |command| command.offset);
                return Err(Fault::from(Reason::Range(other.type_name())).at(offset));
            }
        };
        if items.is_empty() {
            return self.walk(or, dot);
        }
        let variables = self.variables.len();
        for (key, item) in items {
            self.step()?;
            match (pipe.variables.as_slice(), pipe.assigns) {
                ([], _) => {}
                ([one], false) => self.variables.push((one.clone(), item.clone())),
                ([index, value, ..], false) => {
                    self.variables.push((index.clone(), key));
                    self.variables.push((value.clone(), item.clone()));
                }
                ([one], true) => self.assign(one, item.clone())?,
                ([index, value, ..], true) => {
                    self.assign(index, key)?;
                    self.assign(value, item.clone())?;
                }
            }
            let flow = self.walk(body, &item)?;
            self.variables.truncate(variables);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn call_template(&mut self, name: &str, pipe: Option<&'t Pipe>, dot: &Value) -> Result<Flow> {
        let body = self.tree.defined.get(name).ok_or_else(|| Reason::NoTemplate(name.to_owned()))?;
        let dot = pipe.map_or(Ok(Value::Nil), |pipe| self.pipe(pipe, dot))?;
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return Err(Reason::TooMuch.into());
        }
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), dot.clone())]);
        self.walk(body, &dot)?;
        self.variables = outer;
        self.calls -= 1;
        Ok(Flow::Next)
    }

    fn assign(&mut self, name: &str, value: Value) -> Result<()> {
        let (_, slot) = self.variables.iter_mut().rev().find(|(other, _)| other == name).ok_or(Reason::NoValue)?;
        *slot = value;
        Ok(())
    }

    /// A pipeline's value; its variables are set.
    fn pipe(&mut self, pipe: &'t Pipe, dot: &Value) -> Result<Value> {
        let value = self.value_of(pipe, dot)?;
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    /// Each command's value is the last argument of the next one.
    fn value_of(&mut self, pipe: &'t Pipe, dot: &Value) -> Result<Value> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        last.ok_or_else(|| Reason::NoValue.into())
    }

    fn command(&mut self, command: &'t Command, dot: &Value, last: Option<Value>) -> Result<Value> {
        self.operands(&command.operands, dot, last).map_err(|fault| fault.at(command.offset))
    }

    fn operands(&mut self, operands: &'t [Operand], dot: &Value, last: Option<Value>) -> Result<Value> {
        self.step()?;
        let (first, rest) = operands.split_first().ok_or(Reason::NoValue)?;
        match first {
            Operand::Function(function) => self.call(function, rest, dot, last),
            Operand::Field(path) => self.path(dot.clone(), path, rest, dot, last),
            Operand::Variable(name, path) if !path.is_empty() => {
                let receiver = self.variable(name)?;
                self.path(receiver, path, rest, dot, last)
            }
            Operand::Chain(inside, path) => {
                let receiver = self.operand(inside, dot, Kind::Any)?;
                self.path(receiver, path, rest, dot, last)
            }
            Operand::Nil => Err(Reason::NoValue.into()),
            _ if !rest.is_empty() || last.is_some() => Err(Reason::NotCallable.into()),
            operand => self.operand(operand, dot, Kind::Any),
        }
    }

    fn variable(&self, name: &str) -> Result<Value> {
        self.variables
            .iter()
            .rev()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
            .ok_or_else(|| Reason::NoValue.into())
    }

    /// `.a.b` of a receiver; only a method may have arguments.
    fn path(
        &mut self,
        receiver: Value,
        path: &[String],
        rest: &'t [Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value> {
        let (name, before) = path.split_last().ok_or(Reason::NoValue)?;
        let receiver = before.iter().try_fold(receiver, |receiver, name| field(&receiver, name, &[]))?;
        let mut arguments = Vec::new();
        for operand in rest {
            arguments.push(self.operand(operand, dot, Kind::Any)?);
        }
        arguments.extend(last);
        field(&receiver, name, &arguments)
    }

    fn call(
        &mut self,
        function: &'static Function,
        operands: &'t [Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value> {
        if let Some(stop_at) = function.short_circuit {
            return self.short_circuit(stop_at, operands, dot, last);
        }
        let count = operands.len() + usize::from(last.is_some());
        if !function.takes(count) {
            return Err(Reason::Count(function.name).into());
        }
        let mut arguments = Vec::with_capacity(count);
        for (index, operand) in operands.iter().enumerate() {
            arguments.push(self.operand(operand, dot, function.kind(index))?);
        }
        if let Some(last) = last {
            let kind = function.kind(operands.len());
            arguments.push(kind.check(last).map_err(|given| Reason::Kind(kind, given))?);
        }
        let value = (function.call)(&arguments, &self.context).map_err(|_| Reason::Function(function.name))?;
        if value.len().is_some_and(|len| len > MAX_BYTES) { Err(Reason::TooMuch.into()) } else { Ok(value) }
    }

    /// `and` and `or` stop at the first value that decides.
    fn short_circuit(
        &mut self,
        stop_at: bool,
        operands: &'t [Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value> {
        let mut value = None;
        for operand in operands {
            let next = self.operand(operand, dot, Kind::Any)?;
            if next.is_true() == stop_at {
                return Ok(next);
            }
            value = Some(next);
        }
        last.or(value).ok_or_else(|| Reason::NoValue.into())
    }

    /// An operand as an argument of a kind.
    fn operand(&mut self, operand: &'t Operand, dot: &Value, kind: Kind) -> Result<Value> {
        let value = match operand {
            Operand::Number(number) => return constant(*number, kind),
            Operand::Dot => dot.clone(),
            Operand::Nil if kind.may_be_nil() => return Ok(Value::Nil),
            Operand::Nil => return Err(Reason::Kind(kind, "nil").into()),
            Operand::Bool(value) => Value::Bool(*value),
            Operand::Text(value) => text(value),
            Operand::Field(path) => self.path(dot.clone(), path, &[], dot, None)?,
            Operand::Variable(name, path) => {
                path.iter().try_fold(self.variable(name)?, |receiver, name| field(&receiver, name, &[]))?
            }
            Operand::Chain(inside, path) => {
                let receiver = self.operand(inside, dot, Kind::Any)?;
                path.iter().try_fold(receiver, |receiver, name| field(&receiver, name, &[]))?
            }
            Operand::Function(function) => self.call(function, &[], dot, None)?,
            Operand::Pipe(pipe) => self.pipe(pipe, dot)?,
        };
        kind.check(value).map_err(|given| Reason::Kind(kind, given).into())
    }
}

/// A number in the requested form, or as it is written.
fn constant(number: Number, kind: Kind) -> Result<Value> {
    let unfit = || Fault::from(Reason::Kind(kind, "a number"));
    match kind {
        Kind::Int => number.int.map(Value::Int).ok_or_else(unfit),
        Kind::Int64 => number.int.map(Value::Int64).ok_or_else(unfit),
        Kind::Float => Ok(Value::Float(number.float)),
        Kind::Any if number.is_float => Ok(Value::Float(number.float)),
        Kind::Any => number.int.map(Value::Int).ok_or_else(unfit),
        _ => Err(unfit()),
    }
}

/// A field of a map or an object, or a method of an object or a time.
fn field(receiver: &Value, name: &str, arguments: &[Value]) -> Result<Value> {
    let missing = || Reason::NoField { name: name.to_owned(), of: receiver.type_name() };
    let value = match receiver {
        Value::Time(time) => functions::time_method(*time, name, arguments).map_err(|_| missing())?,
        Value::Object(object) => match object.call(name, arguments) {
            Some(value) => value.map_err(|_| Reason::Method(name.to_owned()))?,
            None if !arguments.is_empty() => return Err(Reason::NotCallable.into()),
            None => object.field(name).ok_or_else(missing)?,
        },
        _ if !arguments.is_empty() => return Err(Reason::NotCallable.into()),
        Value::Nil => Value::Nil,
        Value::Map(fields) => fields.borrow().get(name).cloned().unwrap_or(Value::Nil),
        Value::TextMap(fields) => text_field(fields, name).unwrap_or(Value::Nil),
        _ => return Err(missing().into()),
    };
    Ok(value)
}

fn text_field(fields: &BTreeMap<String, Rc<str>>, name: &str) -> Option<Value> {
    fields.get(name).cloned().map(Value::Text)
}
