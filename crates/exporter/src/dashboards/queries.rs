//! The queries of a dashboard.

use serde_json::Value;

use super::promql::selectors;
use super::variables::{substituted, variables};

/// A query of a panel, or of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The panel's title, or `$name` of the variable.
    pub place: String,
    /// The query as written.
    pub written: String,
    /// The query with its variables replaced, or the variable that cannot be replaced.
    pub expression: Result<String, String>,
}

/// All queries of a dashboard to Prometheus, those of its variables first.
pub fn queries(dashboard: &Value) -> Vec<Query> {
    let stands = variables(dashboard);
    let mut found = Vec::new();
    for variable in dashboard.pointer("/templating/list").and_then(Value::as_array).into_iter().flatten() {
        let query = [&variable["query"]["query"], &variable["query"], &variable["definition"]];
        let Some(written) = query.into_iter().find_map(Value::as_str) else { continue };
        if variable["type"] == "query"
            && is_ours(variable)
            && let Some(expression) = of_variable(written)
        {
            let place = format!("${}", variable["name"].as_str().unwrap_or_default());
            let expression = substituted(&expression, &stands);
            found.push(Query { place, written: written.to_owned(), expression });
        }
    }
    of_panels(dashboard, &mut |place, written| {
        let expression = substituted(written, &stands);
        found.push(Query { place: place.to_owned(), written: written.to_owned(), expression });
    });
    found
}

fn of_panels(holder: &Value, tell: &mut impl FnMut(&str, &str)) {
    for panel in ["panels", "rows"].iter().flat_map(|key| holder[*key].as_array().into_iter().flatten()) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let written = target["expr"].as_str().filter(|written| !written.trim().is_empty());
            if let Some(written) = written.filter(|_| is_ours(target) && is_ours(panel)) {
                tell(panel["title"].as_str().unwrap_or_default(), written);
            }
        }
        of_panels(panel, tell);
    }
}

/// Whether it goes to Prometheus. One without a data source goes to the default one.
fn is_ours(asker: &Value) -> bool {
    matches!(asker["datasource"]["type"].as_str(), None | Some("prometheus" | "datasource"))
}

/// `label_values(metric{...}, label)` as an expression that has series when there are values.
fn of_variable(written: &str) -> Option<String> {
    let (function, arguments) = written.trim().split_once('(')?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    match function.trim() {
        "query_result" => Some(arguments.to_owned()),
        "label_values" => {
            let (series, label) = arguments.rsplit_once(',')?;
            let (series, label) = (series.trim(), label.trim());
            let [selector] = &selectors(series)[..] else { return None };
            let more = format!("{label}!=\"\"");
            // As written, so that it still has its variables.
            let with_label = match (series.strip_suffix('}'), selector.matchers.is_empty()) {
                (Some(open), false) => format!("{}, {more}}}", open.trim_end().trim_end_matches(',')),
                (Some(open), true) => format!("{open}{more}}}"),
                (None, _) => format!("{series}{{{more}}}"),
            };
            Some(format!("count by ({label}) ({with_label})"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn panels_in_rows_and_variables_are_asked_and_other_data_sources_left_alone() {
        let dashboard = json!({
            "templating": {"list": [
                {"name": "job", "type": "query", "query": {"query": "label_values(up{a=\"b\"}, job)"}},
                {"name": "instance", "type": "query", "query": "label_values(up{job=\"$job\"},instance)"},
                {"name": "all", "type": "query", "query": "label_values(job)"},
            ]},
            "panels": [
                {"title": "one", "targets": [{"expr": "up{job=\"$job\"}"}, {"expr": " "}, {"query": "other"}]},
                {"type": "row", "panels": [{"title": "two", "targets": [{"expr": "a"}]}]},
                {"title": "logs", "datasource": {"type": "loki"}, "targets": [{"expr": "{a=\"b\"}"}]},
            ],
        });
        let found = queries(&dashboard);
        let found: Vec<_> = found.iter().map(|q| (q.place.as_str(), q.expression.as_deref().unwrap())).collect();
        let expected = [
            ("$job", "count by (job) (up{a=\"b\", job!=\"\"})"),
            ("$instance", "count by (instance) (up{job=~\".+\", instance!=\"\"})"),
            ("one", "up{job=~\".+\"}"),
            ("two", "a"),
        ];
        assert_eq!(found, expected);
    }
}
