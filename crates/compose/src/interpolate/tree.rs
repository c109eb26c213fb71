//! Puts the values of variables into a tree's scalars.

use crate::interpolate::template;
use crate::report::findings::Report;
use crate::validate::lint::is_secret;
use wharf_yaml::{Node, Scalar, Span, Value};

/// Most text that the variables of a project may make, in bytes.
pub(crate) const ROOM: usize = 64 << 20;

/// Where values come from: the environment first, then the env files.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Interpolates every scalar of the tree; keys stay as they are. What variables make is text, whatever it looks
/// like; `room` is how many bytes of it there may still be.
pub(crate) fn interpolate(node: &mut Node, lookup: Lookup<'_>, room: &mut usize, report: &mut Report) {
    Walk { lookup, room, report }.node(node, "");
}

struct Walk<'w> {
    lookup: Lookup<'w>,
    room: &'w mut usize,
    report: &'w mut Report,
}

impl Walk<'_> {
    /// Interpolates a value. `key` is its key, if it has one.
    fn node(&mut self, node: &mut Node, key: &str) {
        match &mut node.value {
            Value::Null => {}
            Value::List(list) => list.iter_mut().for_each(|node| self.node(node, "")),
            Value::Map(map) => map.iter_mut().for_each(|(key, node)| self.node(node, key)),
            Value::Scalar(scalar) if scalar.text.contains('$') && *self.room > 0 => {
                self.scalar(scalar, node.span, node.used, key);
            }
            Value::Scalar(_) => {}
        }
    }

    fn scalar(&mut self, scalar: &mut Scalar, span: Span, used: Option<Span>, key: &str) {
        // Most unset variables of a text that are reported.
        const MAX_UNSET: usize = 20;
        let mut unset: Vec<String> = Vec::new();
        let result = template::substitute(&scalar.text, self.lookup, &mut |name| {
            if unset.len() < MAX_UNSET && !unset.iter().any(|known| known == name) {
                unset.push(name.to_owned());
            }
        });
        let secret = shows_a_secret(key, &scalar.text);
        for name in unset {
            self.unset(&name, &scalar.text, span, secret);
        }
        match result {
            Ok(text) if text.len() > *self.room => {
                *self.room = 0;
                let message = format!("with its variables' values the project is larger than {} MiB", ROOM >> 20);
                self.report.error(span, message);
            }
            Ok(text) => {
                *self.room -= text.len();
                *scalar = Scalar::quoted(text);
            }
            Err(problem) => self.problem(problem, span, used, secret),
        }
    }

    fn problem(&mut self, problem: template::Problem, span: Span, used: Option<Span>, secret: bool) {
        let at = self.report.narrow(span, &problem.part);
        self.report.error(at, if secret { problem.message_without_text() } else { problem.message });
        if let Some(used) = used {
            self.report.also("used here", used);
        }
        if !problem.help.is_empty() {
            self.report.help(problem.help);
        }
        if secret {
            self.report.without_excerpt();
        }
    }

    /// Warns of a variable that has neither value nor default.
    fn unset(&mut self, name: &str, text: &str, span: Span, secret: bool) {
        let bare = format!("${name}");
        let within_a_word = text
            .split_once(&bare)
            .is_some_and(|(before, _)| before.ends_with(|c: char| c.is_alphanumeric()) && !before.ends_with('$'));
        if within_a_word {
            let at = self.report.narrow(span, &bare);
            let message = format!("`{bare}` is taken for a variable, which is not set: it vanishes from the text");
            self.report.warning(at, message);
            self.report.help(format!("for a dollar sign write `${bare}`; if it is a variable, set `{name}`"));
        } else {
            let at = self.report.narrow(span, name);
            self.report.warning(at, format!("the variable `{name}` is not set; it counts as empty"));
            self.report.help(format!("set `{name}`, or write `${{{name}:-default}}`; for a dollar sign write `$$`"));
        }
        if secret {
            self.report.without_excerpt();
        }
    }
}

/// Whether the text may hold a part of a password: `KEY: value`, or an entry `KEY=value`, with more than one variable.
fn shows_a_secret(key: &str, text: &str) -> bool {
    let (key, value) = if key.is_empty() { text.split_once('=').unwrap_or(("", text)) } else { (key, text) };
    is_secret(key) && !(value.starts_with("${") && value.ends_with('}'))
}
