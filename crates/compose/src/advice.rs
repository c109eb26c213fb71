//! What to do about the mistakes that people make most: advice that needs more than the shape of a value.

use crate::node::{Node, Value};
use crate::shape::{Field, Shape};
use crate::spec;

/// Advice on a value of the wrong kind, from what it looks like and where it stands.
pub(crate) fn on_kind(path: &str, node: &Node, shape: &Shape, field: Option<&Field>) -> Option<String> {
    let service_level = path.strip_prefix("services.").filter(|key| !key.contains('.'));
    match (&node.value, shape) {
        (Value::List(_), Shape::Names(_)) if path == "services" => {
            Some("name each service by a key, without a dash: `web:`, and its settings below".to_owned())
        }
        (Value::List(_) | Value::Scalar(_), Shape::Map(_))
            if service_level.is_some_and(spec::is_service_key) && missing_blank(node, shape).is_none() =>
        {
            Some(format!("`{0}` belongs to a service: indent `{0}` under the service's name", service_level?))
        }
        (Value::Scalar(_), Shape::Map(_)) => missing_blank(node, shape),
        (Value::Map(map), Shape::Text) if field.is_none() && map.len() == 1 => {
            let key = map.keys().next()?;
            Some(format!("write `- {key}=...` for this entry, or leave the dash out of all entries"))
        }
        (Value::Scalar(scalar), Shape::List(..)) if !scalar.quoted && scalar.text.contains(' ') => {
            Some("begin each entry on a line of its own, with `- ` before it".to_owned())
        }
        (Value::Scalar(scalar), Shape::Text) => Some(match field {
            Some(field) => format!("put it in quotes: `{}: \"{}\"`", field.name, scalar.text),
            None => format!("put it in quotes: `\"{}\"`", scalar.text),
        }),
        _ => field.map(|field| format!("for example `{}`", field.show())),
    }
}

/// `image:nginx` is one word, not a key and its value.
fn missing_blank(node: &Node, shape: &Shape) -> Option<String> {
    let Shape::Map(fields) = shape else { return None };
    let (key, value) = node.as_text()?.split_once(':')?;
    let known = fields.iter().any(|field| field.name == key);
    (known && !value.starts_with(' ')).then(|| format!("put a space after the colon: `{key}: ...`"))
}

/// What is wrong with text that is not YAML, in words for its author, and what to do. `parser` is the parser's own
/// message, `line` the line it points at, from its column on as `rest`.
pub(crate) fn on_yaml(parser: &str, line: &str, rest: &str) -> (String, Option<String>) {
    let said = |message: &str| format!("this is not YAML: {message}");
    if line.trim_start_matches(' ').starts_with('\t') {
        let help = "YAML indents with spaces: replace each tab by two of them";
        return (said("the line is indented with a tab"), Some(help.to_owned()));
    }
    if let Some(c) =
        rest.chars().next().filter(|c| parser.contains("unexpected character") && matches!(c, '@' | '`' | '%'))
    {
        return (said(&format!("text cannot begin with `{c}`")), Some("put the text in quotes".to_owned()));
    }
    if parser.contains("mapping values are not allowed") {
        let help = "is the line indented like its neighbours? Text that holds `: ` has to be in quotes";
        return (said("a key and its value cannot stand here"), Some(help.to_owned()));
    }
    if parser.contains("quoted scalar") || parser.contains("unclosed quote") {
        return (said("a quote that was opened before is not closed"), Some("close it where the text ends".to_owned()));
    }
    (said(parser), None)
}
