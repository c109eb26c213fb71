//! Functions of Alloy's standard library, of values that are known when a file is converted, and of variables of the
//! environment.

use serde_json::Value as Json;

use super::variable::{VARIABLE, variable};

/// The result of a function; `None`: it has no counterpart.
pub(super) fn call(name: &str, arguments: &[Json]) -> Option<Json> {
    let texts: Vec<&str> = arguments.iter().filter_map(Json::as_str).collect();
    let known = || texts.len() == arguments.len() && !texts.iter().any(|text| text.contains(VARIABLE));
    Some(match (name, &texts[..], arguments) {
        ("env" | "sys.env", [name], [_]) if known() => variable(name),
        ("string.format" | "format", ..) => formatted(arguments)?.into(),
        ("string.join" | "join", ..) => match arguments {
            [Json::Array(parts), Json::String(between)] => {
                parts.iter().map(Json::as_str).collect::<Option<Vec<_>>>()?.join(between).into()
            }
            _ => return None,
        },
        ("array.concat" | "concat", ..) => {
            let lists: Option<Vec<&Vec<Json>>> = arguments.iter().map(Json::as_array).collect();
            lists?.into_iter().flatten().cloned().collect()
        }
        // The first that is not empty: of a variable and a text, that is a default.
        ("coalesce", [variable, default], [_, _]) => match variable.strip_suffix(VARIABLE[1]) {
            Some(variable)
                if variable.matches(VARIABLE[0]).count() == 1
                    && !default.contains(['}', '$', '\\', '"', '\n', VARIABLE[0]]) =>
            {
                format!("{variable}:-{default}{}", VARIABLE[1]).into()
            }
            _ if known() => (if variable.is_empty() { *default } else { *variable }).into(),
            _ => return None,
        },
        ("convert.nonsensitive" | "nonsensitive", ..) if arguments.len() == 1 => arguments[0].clone(),
        ("string.to_lower" | "to_lower", [text], _) if known() => text.to_lowercase().into(),
        ("string.to_upper" | "to_upper", [text], _) if known() => text.to_uppercase().into(),
        ("string.trim_space" | "trim_space", [text], _) if known() => text.trim().into(),
        ("string.trim_prefix" | "trim_prefix", [text, prefix], _) if known() => {
            text.strip_prefix(prefix).unwrap_or(text).into()
        }
        ("string.trim_suffix" | "trim_suffix", [text, suffix], _) if known() => {
            text.strip_suffix(suffix).unwrap_or(text).into()
        }
        ("string.replace" | "replace", [text, from, to], _) if known() => text.replace(from, to).into(),
        _ => return None,
    })
}

/// Go's `fmt.Sprintf` with `%s`, `%v`, `%d` and `%%`.
fn formatted(arguments: &[Json]) -> Option<String> {
    let (format, mut values) = (arguments.first()?.as_str()?, arguments[1..].iter());
    let (mut out, mut chars) = (String::new(), format.chars());
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match (chars.next()?, &mut values) {
            ('%', _) => out.push('%'),
            ('s' | 'v' | 'd', values) => match values.next()? {
                Json::String(text) => out.push_str(text),
                value @ (Json::Number(_) | Json::Bool(_)) => out.push_str(&value.to_string()),
                _ => return None,
            },
            _ => return None,
        }
    }
    values.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_of_known_values_are_evaluated() {
        let cases = [
            ("string.format", json!(["http://%s:%d/%%", "loki", 3100]), json!("http://loki:3100/%")),
            ("string.join", json!([["a", "b"], "-"]), json!("a-b")),
            ("array.concat", json!([["a"], ["b"]]), json!(["a", "b"])),
            ("string.to_upper", json!(["a"]), json!("A")),
            ("string.replace", json!(["a.b", ".", "-"]), json!("a-b")),
            ("coalesce", json!(["", "b"]), json!("b")),
        ];
        for (name, arguments, expected) in cases {
            assert_eq!(call(name, arguments.as_array().unwrap()), Some(expected), "{name}");
        }
        assert_eq!(call("string.to_upper", &[variable("X")]), None, "it is known only when the agent starts");
        assert_eq!(call("encoding.from_json", &[json!("{}")]), None);
    }

    #[test]
    fn variables_stay_variables() {
        let host = variable("HOST");
        let [start, end] = VARIABLE;
        let text = call("string.format", &[json!("http://%s/"), host.clone()]).unwrap();
        assert_eq!(text, json!(format!("http://{start}HOST{end}/")));
        assert_eq!(call("coalesce", &[host, json!("loki")]), Some(json!(format!("{start}HOST:-loki{end}"))));
    }
}
