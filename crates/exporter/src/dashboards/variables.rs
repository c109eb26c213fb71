//! Default values for a dashboard's variables: the saved value if the choices are fixed, any value if they come from the
//! data.

use std::collections::BTreeMap;

use serde_json::Value;

use super::promql::{Token, tokens};

/// The replacement of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// This text.
    Text(String),
    /// Any value of the label.
    Any,
}

/// Grafana's built-in variables, for a range of one hour.
const BUILT_IN: [(&str, &str); 7] = [
    ("__interval", "1m"),
    ("__interval_ms", "60000"),
    ("__rate_interval", "5m"),
    ("__rate_interval_ms", "300000"),
    ("__range", "1h"),
    ("__range_s", "3600"),
    ("__range_ms", "3600000"),
];

/// The variables of a dashboard by name.
pub(super) fn variables(dashboard: &Value) -> BTreeMap<String, Stand> {
    let mut stands: BTreeMap<String, Stand> =
        BUILT_IN.iter().map(|(name, value)| ((*name).to_owned(), Stand::Text((*value).to_owned()))).collect();
    for variable in dashboard.pointer("/templating/list").and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = variable["name"].as_str() {
            stands.insert(name.to_owned(), stand(variable));
        }
    }
    stands
}

fn stand(variable: &Value) -> Stand {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let chosen = match &variable["current"]["value"] {
        Value::Array(values) => values.iter().filter_map(text).collect::<Vec<_>>().join("|"),
        value => text(value).unwrap_or_default(),
    };
    match variable["type"].as_str().unwrap_or_default() {
        "constant" | "custom" | "interval" | "textbox" => match chosen.as_str() {
            "" | "$__all" => {
                let options = variable["query"].as_str().unwrap_or_default();
                let first = options.split(',').next().unwrap_or_default().trim();
                Stand::Text(first.rsplit(" : ").next().unwrap_or_default().to_owned())
            }
            auto if auto.starts_with("$__auto") => Stand::Text("5m".to_owned()),
            chosen => Stand::Text(chosen.to_owned()),
        },
        _ => match text(&variable["allValue"]).filter(|all| !all.is_empty() && variable["includeAll"] == true) {
            Some(all) => Stand::Text(all),
            None => Stand::Any,
        },
    }
}

/// Replaces the variables of an expression.
///
/// # Errors
///
/// The variable that cannot be replaced: one with any value outside of a label's value, or an unknown one.
pub(super) fn substituted(expression: &str, stands: &BTreeMap<String, Stand>) -> Result<String, String> {
    // Outside of strings first: inside a string, `$` may be the end of a regular expression.
    let mut written = String::with_capacity(expression.len());
    let plain = outside_strings(expression, stands)?;
    for token in tokens(&plain) {
        match token {
            Token::Text(text) => value(text, stands, &mut written),
            token => written.push_str(token.text()),
        }
    }
    Ok(written)
}

fn outside_strings(expression: &str, stands: &BTreeMap<String, Stand>) -> Result<String, String> {
    let mut written = String::with_capacity(expression.len());
    let mut rest = expression;
    while !rest.is_empty() {
        if let Some(Token::Text(text)) = tokens(rest).first() {
            written.push_str(text);
            rest = &rest[text.len()..];
        } else if let Some((name, length)) = reference(rest) {
            match stands.get(name) {
                Some(Stand::Text(text)) => written.push_str(text),
                _ => return Err(name.to_owned()),
            }
            rest = &rest[length..];
        } else {
            let end = rest.char_indices().skip(1).find(|(_, c)| "$[\"'`".contains(*c)).map_or(rest.len(), |(at, _)| at);
            written.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    Ok(written)
}

/// A label's value. The operator in front of it is already written.
fn value(text: &str, stands: &BTreeMap<String, Stand>, written: &mut String) {
    let mut new = String::with_capacity(text.len());
    let (mut any, mut rest) = (false, text);
    while let Some(first) = rest.chars().next() {
        match reference(rest).and_then(|(name, length)| Some((stands.get(name)?, length))) {
            Some((Stand::Text(value), length)) => {
                new.push_str(value);
                rest = &rest[length..];
            }
            Some((Stand::Any, length)) => {
                any = true;
                new.push_str(".+");
                rest = &rest[length..];
            }
            None => {
                new.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    if any {
        let operator = written.trim_end();
        if operator.ends_with("!=") || operator.ends_with("!~") {
            // Any value but the chosen one.
            let quote = &text[..1];
            new = format!("{quote}{quote}");
        } else if operator.ends_with('=') {
            written.truncate(operator.len());
            written.push('~');
        }
    }
    written.push_str(&new);
}

/// The variable that a text begins with, `$name`, `${name:format}` or `[[name]]`, and the length of that.
fn reference(text: &str) -> Option<(&str, usize)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (open, close) in [("${", "}"), ("[[", "]]")] {
        if let Some(inner) = text.strip_prefix(open) {
            let inner = &inner[..inner.find(close)?];
            let name = inner.split([':', '.']).next().filter(|name| !name.is_empty() && name.chars().all(is_name))?;
            return Some((name, open.len() + inner.len() + close.len()));
        }
    }
    let rest = text.strip_prefix('$')?;
    let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some((name, 1 + name.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(expression: &str) -> Result<String, String> {
        let dashboard = json!({"templating": {"list": [
            {"name": "job", "type": "query"},
            {"name": "all", "type": "query", "includeAll": true, "allValue": ".*"},
            {"name": "window", "type": "interval", "query": "10m,1h"},
            {"name": "top", "type": "custom", "query": "five : 5, ten : 10", "current": {"value": "10"}},
            {"name": "metric", "type": "query"},
        ]}});
        substituted(expression, &variables(&dashboard))
    }

    #[test]
    fn values_that_come_from_data_stand_for_any_and_others_for_themselves() {
        assert_eq!(of("rate(a{job=\"$job\"}[$__rate_interval])").unwrap(), "rate(a{job=~\".+\"}[5m])");
        assert_eq!(of("a{job=~'${job:regex}', b!=\"[[job]]\"}").unwrap(), "a{job=~'.+', b!=\"\"}");
        assert_eq!(of("topk($top, a{x=~\"$all\"}[$window])").unwrap(), "topk(10, a{x=~\".*\"}[10m])");
        assert_eq!(of("a{b=~\"^c$\", d=~\"x-$job.*\"}").unwrap(), "a{b=~\"^c$\", d=~\"x-.+.*\"}");
    }

    #[test]
    fn what_cannot_stand_for_anything_is_named() {
        assert_eq!(of("sum(${metric}_total)"), Err("metric".to_owned()));
        assert_eq!(of("sum(a[$nobody])"), Err("nobody".to_owned()));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(\\$job|\\$\\{|\\[\\[|\\]\\]|[a-z{}()\\[\\]\"'`=~!,:.#$\\\\ ]|\\PC){0,30}") {
            let _ = of(&text);
        }
    }
}
