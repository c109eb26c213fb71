//! Reads the documents of a source.

use wharf_yaml::{Error, ErrorKind, Node, ReadLimits};

use crate::read::dialect::DIALECT;
use crate::read::syntax;
use crate::report::findings::Report;

/// Most nodes that all files of a project may hold, repeats counted.
const MAX_ALL_NODES: usize = 2_000_000;

/// Reads the documents of the source; after an error that ends the reading, those before it.
pub(crate) fn read(source: u32, report: &mut Report) -> Vec<Node> {
    let limits = ReadLimits::default();
    let left = MAX_ALL_NODES.saturating_sub(report.nodes);
    let limits = ReadLimits { nodes: limits.nodes.min(left), ..limits };
    let found = wharf_yaml::read(report.text(source), source, &DIALECT, &limits);
    report.nodes += found.nodes;
    for error in found.errors {
        match error.kind {
            ErrorKind::TooManyNodes(most) if most == left => {
                report.error(error.span, format!("the files up to here hold more than {MAX_ALL_NODES} values"));
            }
            _ => record(&error, report),
        }
    }
    found.documents
}

fn record(error: &Error, report: &mut Report) {
    match &error.kind {
        ErrorKind::Syntax(parser) => {
            let text = report.text(error.span.source);
            let line = text.lines().nth(error.span.line.saturating_sub(1) as usize).unwrap_or_default();
            let column = error.span.column.saturating_sub(1) as usize;
            let rest = line.char_indices().nth(column).map_or("", |(start, _)| &line[start..]);
            let (message, help) = syntax::explain(parser, line, rest);
            report.error(error.span, message);
            if let Some(help) = help {
                report.help(help);
            }
        }
        ErrorKind::DuplicateKey { first, .. } => {
            report.error(error.span, error.to_string());
            report.also("first here", *first);
            report.help("keep one of the two, with all that belongs to it");
        }
        ErrorKind::KeyNotText(text) => {
            report.error(error.span, error.to_string());
            report.help(format!("put it in quotes: \"{text}\":"));
        }
        _ => {
            report.error(error.span, error.to_string());
        }
    }
}
