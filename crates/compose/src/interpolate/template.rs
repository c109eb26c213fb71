//! Variables in text: `$V`, `${V}`, `${V:-default}`, `${V-default}`, `${V:?message}`, `${V?message}`, `${V:+other}`,
//! `${V+other}`, nested; `$$` is one `$`.
//!
//! Source: the specification's section on interpolation. A `$` before anything else stands for itself.

/// Deepest nesting of `${...}` in one another.
const MAX_DEPTH: usize = 50;
/// Longest text that substitution may make, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Why a text cannot be interpolated.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    /// The part of the text that is meant, as it is written.
    pub(crate) part: String,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Problem {
    /// What is wrong, without the text itself: it may be a password.
    pub(crate) fn message_without_text(&self) -> String {
        match self.message.starts_with("the required variable") {
            true => self.message.clone(),
            false => "what follows a `$` here is not a variable".to_owned(),
        }
    }
}

/// A use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use<'t> {
    pub(crate) name: &'t str,
    /// `-`, `:-`, `?`, `:?`, `+`, `:+` or nothing.
    pub(crate) operator: &'t str,
    /// What follows the operator.
    pub(crate) operand: &'t str,
}

/// The parts of a text.
enum Part<'t> {
    Literal(&'t str),
    Variable(Use<'t>),
}

/// Puts values in the place of variables. `unset` is called for each variable that has neither value nor default.
pub(crate) fn substitute(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    unset: &mut dyn FnMut(&str),
) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    expand(text, lookup, unset, 0, &mut out)?;
    Ok(out)
}

fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    unset: &mut dyn FnMut(&str),
    depth: usize,
    out: &mut String,
) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        return Err(problem(text, format!("variables are nested deeper than {MAX_DEPTH} levels"), ""));
    }
    let mut rest = text;
    while let Some((part, tail)) = next(rest)? {
        rest = tail;
        match part {
            Part::Literal(literal) => out.push_str(literal),
            Part::Variable(Use { name, operator, operand }) => {
                let value = lookup(name);
                let filled = value.as_ref().is_some_and(|value| !value.is_empty());
                let present = if operator.starts_with(':') { filled } else { value.is_some() };
                match (operator.trim_start_matches(':'), present) {
                    ("", _) => {
                        if value.is_none() {
                            unset(name);
                        }
                        out.push_str(value.as_deref().unwrap_or_default());
                    }
                    ("+", true) | ("-", false) => expand(operand, lookup, unset, depth + 1, out)?,
                    ("?", false) => return Err(missing(name, operator, operand, lookup, unset, depth)?),
                    ("+", false) => {}
                    _ => out.push_str(value.as_deref().unwrap_or_default()),
                }
            }
        }
        if out.len() > MAX_BYTES {
            return Err(problem(
                text,
                format!("the text is longer than {MAX_BYTES} bytes with its variables' values"),
                "",
            ));
        }
    }
    Ok(())
}

fn missing(
    name: &str,
    operator: &str,
    operand: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    unset: &mut dyn FnMut(&str),
    depth: usize,
) -> Result<Problem, Problem> {
    let mut reason = String::new();
    expand(operand, lookup, unset, depth + 1, &mut reason)?;
    let empty = if operator == ":?" { "is not set, or empty" } else { "is not set" };
    let colon = if reason.is_empty() { "" } else { ": " };
    let message = format!("the required variable `{name}` {empty}{colon}{reason}");
    Ok(problem(
        &format!("${{{name}{operator}"),
        message,
        &format!("set `{name}` in the environment or in the file `.env`"),
    ))
}

fn problem(part: &str, message: String, help: &str) -> Problem {
    Problem { part: part.chars().take(80).collect(), message, help: help.to_owned() }
}

/// The first part of `text` and what follows it.
fn next(text: &str) -> Result<Option<(Part<'_>, &str)>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some(dollar) = text.find('$') else { return Ok(Some((Part::Literal(text), ""))) };
    if dollar > 0 {
        return Ok(Some((Part::Literal(&text[..dollar]), &text[dollar..])));
    }
    let after = &text[1..];
    match after.bytes().next() {
        Some(b'$') => Ok(Some((Part::Literal("$"), &after[1..]))),
        Some(b'{') => {
            let end = closing_brace(after).ok_or_else(|| malformed(text, "has no closing `}`"))?;
            let inside = &after[1..end];
            let name_end = name_length(inside);
            let (name, tail) = inside.split_at(name_end);
            let operator = [":-", ":?", ":+", "-", "?", "+"].into_iter().find(|operator| tail.starts_with(operator));
            let variable = match (name, operator, tail) {
                ("", ..) => return Err(malformed(&text[..end + 2], "does not begin with a variable's name")),
                (_, None, "") => Use { name, operator: "", operand: "" },
                (_, Some(operator), _) => {
                    Use { name, operator: &tail[..operator.len()], operand: &tail[operator.len()..] }
                }
                _ => return Err(malformed(&text[..end + 2], "has no operator after the name")),
            };
            Ok(Some((Part::Variable(variable), &after[end + 1..])))
        }
        _ => match name_length(after) {
            0 => Ok(Some((Part::Literal("$"), after))),
            end => Ok(Some((Part::Variable(Use { name: &after[..end], operator: "", operand: "" }), &after[end..]))),
        },
    }
}

fn malformed(text: &str, what: &str) -> Problem {
    let line = text.lines().next().unwrap_or_default();
    let help = "variables are written `$NAME`, `${NAME}` or `${NAME:-default}`; for a dollar sign write `$$`";
    problem(line, format!("`{}` {what}", line.chars().take(80).collect::<String>()), help)
}

/// Length of the variable name that `text` starts with.
fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Index of the brace that closes the one `text` starts with.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(index),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Calls `found` for each variable that a text uses, those in operands included.
pub(crate) fn variables<'t>(text: &'t str, found: &mut dyn FnMut(Use<'t>)) {
    let mut pending = vec![text];
    while let Some(mut rest) = pending.pop() {
        while let Ok(Some((part, tail))) = next(rest) {
            rest = tail;
            if let Part::Variable(variable) = part {
                pending.push(variable.operand);
                found(variable);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let lookup = |name: &str| match name {
            "FOO" => Some("first".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        substitute(text, &lookup, &mut |_| {}).map_err(|problem| problem.message)
    }

    #[test]
    fn every_form_of_the_specification_is_filled_in() {
        for (text, expected) in [
            ("$FOO ${FOO}s", "first firsts"),
            ("${EMPTY:-d} ${EMPTY-d} ${NONE-d} ${NONE:-d}", "d  d d"),
            ("${FOO:+x} ${EMPTY:+x} ${EMPTY+x} ${NONE+x}", "x  x "),
            ("${FOO:?no} ${EMPTY?no}", "first "),
            ("${NONE:-${EMPTY:-$FOO}}", "first"),
            ("$${FOO} $$FOO 5$ ^x$", "${FOO} $FOO 5$ ^x$"),
            ("${NONE:-{\"a\":{}}}", "{\"a\":{}}"),
            ("${NONE:-a:-b?c}", "a:-b?c"),
            ("$5 $.", "$5 $."),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_missing_required_variable_says_why_it_is_needed() {
        assert_eq!(
            filled("${NONE:?ask $FOO}").unwrap_err(),
            "the required variable `NONE` is not set, or empty: ask first"
        );
        assert_eq!(filled("${NONE?}").unwrap_err(), "the required variable `NONE` is not set");
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in ["${", "${}", "${ FOO}", "${FOO", "${FOO!}", "${FOO:x}", "${NONE-{"] {
            assert!(filled(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_ends_with_an_error() {
        let text = format!("{}x{}", "${A:-".repeat(10_000), "}".repeat(10_000));
        assert!(filled(&text).unwrap_err().contains("nested deeper"));
    }
}
