//! JMESPath, as Promtail's `json` stage has it (the Go library go-jmespath, with its oddities).

mod compare;
mod failed;
mod functions;
mod interpret;
mod lexer;
mod parser;

use wharf_go::json::JsonValue;

use self::failed::Failed;
use self::parser::Node;

/// An expression.
#[derive(Debug, Clone)]
pub(super) struct Expression(Node);

impl Expression {
    /// Reads an expression; says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text).map(Self)
    }

    /// The keys, if the expression is a chain of them: `a.b.c`.
    pub(super) fn as_keys(&self) -> Option<Vec<String>> {
        fn keys(node: &Node, out: &mut Vec<String>) -> bool {
            match node {
                Node::Field(key) => {
                    out.push(key.clone());
                    true
                }
                Node::Chain(left, right) => keys(left, out) && keys(right, out),
                _ => false,
            }
        }
        let mut out = Vec::new();
        keys(&self.0, &mut out).then_some(out)
    }

    /// What the expression finds; null for nothing.
    pub(super) fn search<'a>(&self, data: &JsonValue<'a>) -> Result<JsonValue<'a>, Failed> {
        interpret::value(&self.0, data)
    }
}

#[cfg(test)]
mod tests;
