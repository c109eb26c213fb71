//! Puts the values of variables into a tree's scalars.

use crate::node::{Node, Value};
use crate::report::Report;
use crate::template;

/// Where values come from: the environment, and after it the env files.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Interpolates every scalar of the tree; keys stay as they are. What variables make is text, whatever it looks like.
pub(crate) fn interpolate(node: &mut Node, lookup: Lookup<'_>, report: &mut Report) {
    match &mut node.value {
        Value::Null => {}
        Value::List(list) => list.iter_mut().for_each(|node| interpolate(node, lookup, report)),
        Value::Map(map) => map.values_mut().for_each(|node| interpolate(node, lookup, report)),
        Value::Scalar(scalar) if scalar.text.contains('$') => {
            let mut unset = Vec::new();
            let result = template::substitute(&scalar.text, lookup, &mut |name| unset.push(name.to_owned()));
            let (span, used) = (node.span, node.used);
            match result {
                Ok(text) => {
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
