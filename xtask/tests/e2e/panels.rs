//! The queries of the dashboards, with values for the variables, as Grafana would fill them in.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

/// A query of a panel.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) dashboard: String,
    pub(crate) panel: String,
    pub(crate) legend: String,
    /// Without variables.
    pub(crate) expression: String,
}

/// The dashboards' files, in the order of their names.
pub(crate) fn files() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/grafana/dashboards");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// Services of the stack with other names than in `deploy/compose.yaml`: each with its new one.
pub(crate) type Renamed<'a> = &'a [(&'a str, &'a str)];

/// All queries of `deploy/grafana/dashboards`, with the variables set to what belongs to this project.
pub(crate) fn dashboards(project: &str, renamed: Renamed<'_>) -> Vec<Query> {
    files().iter().flat_map(|dashboard| queries(dashboard, project, renamed)).collect()
}

/// The queries of one dashboard.
pub(crate) fn queries(dashboard: &Value, project: &str, renamed: Renamed<'_>) -> Vec<Query> {
    let title = dashboard["title"].as_str().unwrap();
    let values = values(dashboard, project, renamed);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    // Prometheus cannot answer queries for Loki.
    let of_prometheus = panels.filter(|panel| panel["datasource"]["type"] == "prometheus");
    of_prometheus
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten().map(move |target| (panel, target)))
        .map(|(panel, target)| Query {
            dashboard: title.to_owned(),
            panel: text(&panel["title"]),
            legend: text(&target["legendFormat"]),
            expression: substituted(&text(&target["expr"]), &values),
        })
        .collect()
}

/// The value that a user would choose: all if that can be chosen, else this project's.
fn values(dashboard: &Value, project: &str, renamed: Renamed<'_>) -> BTreeMap<String, String> {
    let called =
        |service: &'static str| renamed.iter().find(|(from, _)| *from == service).map_or(service, |(_, to)| to);
    let mut values =
        BTreeMap::from([("__rate_interval".to_owned(), "20s".to_owned()), ("__range".to_owned(), "1m".to_owned())]);
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    for variable in variables.filter(|variable| variable["datasource"]["type"] == "prometheus") {
        let name = variable["name"].as_str().unwrap();
        let value = match (name, variable["definition"].as_str().unwrap()) {
            ("project", _) => project.to_owned(),
            ("service", _) if variable["includeAll"] == false => called("web").to_owned(),
            ("instance", "label_values(redis_up, instance)") => format!("{project}-{}-1:6379", called("redis")),
            ("instance", "label_values(pg_up, instance)") => format!("{project}-{}-1:5432", called("postgres")),
            ("instance", "label_values(node_uname_info, instance)") => {
                format!("{project}-{}-1:10500", called("exporter"))
            }
            _ if variable["includeAll"] == true => ".*".to_owned(),
            (name, definition) => panic!("which value has ${name}, {definition}?"),
        };
        values.insert(name.to_owned(), value);
    }
    values
}

/// `$name` becomes its value, the longest name first.
fn substituted(query: &str, values: &BTreeMap<String, String>) -> String {
    let names = values.iter().rev();
    names.fold(query.to_owned(), |query, (name, value)| query.replace(&format!("${name}"), value))
}
