//! Puts the values of variables into a tree's scalars.

use crate::node::{Node, Value};
use crate::report::Report;
use crate::template;

/// Most text that the variables of a project may make, in bytes.
pub(crate) const ROOM: usize = 64 << 20;

/// Where values come from: the environment, and after it the env files.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Interpolates every scalar of the tree; keys stay as they are. What variables make is text, whatever it looks
/// like; `room` is how many bytes of it there may still be.
pub(crate) fn interpolate(node: &mut Node, lookup: Lookup<'_>, room: &mut usize, report: &mut Report) {
    match &mut node.value {
        Value::Null => {}
        Value::List(list) => list.iter_mut().for_each(|node| interpolate(node, lookup, room, report)),
        Value::Map(map) => map.values_mut().for_each(|node| interpolate(node, lookup, room, report)),
        Value::Scalar(scalar) if scalar.text.contains('$') && *room > 0 => {
            let mut unset = Vec::new();
            let result = template::substitute(&scalar.text, lookup, &mut |name| unset.push(name.to_owned()));
            let (span, used) = (node.span, node.used);
            match result {
                Ok(text) if text.len() > *room => {
                    *room = 0;
                    report.error(
                        span,
                        format!("with its variables' values the project is larger than {} MiB", ROOM >> 20),
                    );
                }
                Ok(text) => {
                    *room -= text.len();
                    scalar.text = text;
                    scalar.quoted = true;
                }
                Err(problem) => {
                    let at = report.narrow(span, &problem.part);
                    report.error(at, problem.message);
                    if let Some(used) = used {
                        report.also("used here", used);
                    }
                    if !problem.help.is_empty() {
                        report.help(problem.help);
                    }
                }
            }
            for name in unset {
                let at = report.narrow(span, &name);
                report.warning(at, format!("the variable `{name}` is not set; it counts as empty"));
                report.help(format!("set `{name}`, or write `${{{name}:-default}}`; for a dollar sign write `$$`"));
            }
        }
        Value::Scalar(_) => {}
    }
}
