//! What to do about the mistakes that people make most: advice that needs more than the schema of a value.

use crate::spec::file::is_service_key;
use crate::spec::schema::{Field, Schema};
use wharf_yaml::{Node, Value};

/// Advice on a value of the wrong kind, from what it looks like and where it is written.
pub(crate) fn on_kind(path: &str, node: &Node, schema: &Schema, field: Option<&Field>) -> Option<String> {
    let service_level = path.strip_prefix("services.").filter(|key| !key.contains('.'));
    match (&node.value, schema) {
        (Value::List(_), Schema::Names(_)) if path == "services" => {
            Some("name each service by a key, without a dash: `web:`, and its settings below".to_owned())
        }
        (Value::List(_) | Value::Scalar(_), Schema::Map(_))
            if service_level.is_some_and(is_service_key) && missing_blank(node, schema).is_none() =>
        {
            Some(format!("`{0}` belongs to a service: indent `{0}` under the service's name", service_level?))
        }
        (Value::Scalar(_), Schema::Map(_)) => missing_blank(node, schema),
        (Value::Map(map), Schema::Text) if field.is_none() && map.len() == 1 => {
            let key = map.keys().next()?;
            Some(format!("write `- {key}=...` for this entry, or leave the dash out of all entries"))
        }
        (Value::Scalar(scalar), Schema::List(..)) if !scalar.quoted && scalar.text.contains(' ') => {
            Some("begin each entry on a line of its own, with `- ` before it".to_owned())
        }
        (Value::Scalar(scalar), Schema::Text) => Some(match field {
            Some(field) => format!("put it in quotes: `{}: \"{}\"`", field.name, scalar.text),
            None => format!("put it in quotes: `\"{}\"`", scalar.text),
        }),
        _ => field.map(|field| format!("for example `{}`", field.show())),
    }
}

/// `image:nginx` is one word, not a key and its value.
fn missing_blank(node: &Node, schema: &Schema) -> Option<String> {
    let Schema::Map(fields) = schema else { return None };
    let (key, value) = node.as_text()?.split_once(':')?;
    let known = fields.iter().any(|field| field.name == key);
    (known && !value.starts_with(' ')).then(|| format!("put a space after the colon: `{key}: ...`"))
}
