//! Checks that the files that provision Prometheus and Grafana are valid for these servers.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by its panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The image that has `promtool`, built by `cargo xtask images`.
const PROMETHEUS: &str = "wharf-local/prometheus:v2";
/// The data sources of `deploy/grafana/provisioning/datasources/`, each named after its type.
const DATA_SOURCES: [&str; 2] = ["prometheus", "loki"];
/// Files of alerts, each with the page that lists them.
const ALERTS: [(&str, &str); 3] = [("alerts", "monitoring"), ("trends", "monitoring"), ("agent", "agent")];
/// Where alerts lead to.
const RUNBOOKS: &str = "https://github.com/wharf-rs/wharf/blob/main/docs/monitoring.md#";
/// The labels that the agent sends where nobody configures others (docs/agent.md).
const LOG_LABELS: [&str; 5] = ["compose_project", "compose_service", "container", "service_name", "stream"];
/// Grafana's built-in variables. Everything else after a dollar must be one of the dashboard's variables.
const BUILT_IN: [&str; 3] = ["__rate_interval", "__range", "__auto"];
/// The longest uid that Grafana accepts.
const LONGEST_UID: usize = 40;

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("deploy")
}

/// Runs `promtool` on the files of `deploy/prometheus`, mounted where Prometheus has them.
fn promtool(arguments: &[&str]) -> String {
    let output = Command::new("docker")
        .args(["run", "--rm", "--network", "none", "--volume"])
        .arg(format!("{}:/etc/prometheus:ro", deploy().join("prometheus").display()))
        .args(["--entrypoint", "promtool", PROMETHEUS])
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "promtool {}: {text}", arguments.join(" "));
    text
}

#[test]
fn prometheus_takes_its_configuration_and_rules() {
    promtool(&["check", "config", "/etc/prometheus/prometheus.yml"]);
    for rules in ["agent", "alerts", "recording", "trends"] {
        promtool(&["check", "rules", &format!("/etc/prometheus/rules/{rules}.yml")]);
    }
}

#[test]
fn each_alert_fires_when_it_should_and_not_before() {
    let runbooks = fs::read_to_string(deploy().join("../docs/monitoring.md")).unwrap();
    for (file, page) in ALERTS {
        promtool(&["test", "rules", &format!("/etc/prometheus/tests/{file}.yml")]);
        let read = |folder: &str| fs::read_to_string(deploy().join(format!("prometheus/{folder}/{file}.yml"))).unwrap();
        let (rules, tests) = (read("rules"), read("tests"));
        let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
        let text = fs::read_to_string(deploy().join(format!("../docs/{page}.md"))).unwrap();
        for alert in alerts {
            let of_alert: Vec<&str> = tests.split(&format!("- alertname: {alert}\n")).skip(1).collect();
            let fires = of_alert.iter().any(|test| test.split("- alertname:").next().unwrap().contains("exp_labels"));
            let quiet =
                of_alert.iter().any(|test| test.split("- alertname:").next().unwrap().contains("exp_alerts: []"));
            assert!(fires && quiet, "{alert} needs a test in which it fires, and one in which it does not");
            assert!(text.contains(&format!("| `{alert}` |")), "{alert} is not on docs/{page}.md");
            assert!(runbooks.contains(&format!("\n### {alert}\n")), "{alert} has no section in docs/monitoring.md");
            let link = format!("runbook_url: {RUNBOOKS}{}\n", alert.to_lowercase());
            assert!(rules.contains(&link), "{alert} does not lead to its section");
        }
    }
}

#[test]
fn no_rule_and_no_query_has_a_name_of_our_demo_in_it() {
    // Its services, as values of labels.
    for name in ["web", "redis", "postgres", "nginx", "wharf"] {
        let value = format!("=\"{name}\"");
        for entry in fs::read_dir(deploy().join("prometheus/rules")).unwrap() {
            let path = entry.unwrap().path();
            assert!(!fs::read_to_string(&path).unwrap().contains(&value), "{}: {name}", path.display());
        }
        for (file, dashboard) in dashboards() {
            for query in queries(&dashboard) {
                assert!(!query.contains(&value), "{file}: {query}");
            }
        }
    }
}

#[test]
fn alerts_count_by_project_and_dashboards_mark_them() {
    for (file, dashboard) in dashboards().into_iter().filter(|(file, _)| !file.starts_with("examples/")) {
        assert_eq!(dashboard["tags"], serde_json::json!(["wharf"]), "{file}: it is not in the others' menu");
        assert_eq!(dashboard["links"][0]["tags"], serde_json::json!(["wharf"]), "{file}: it has no menu");
        let marks: Vec<&str> =
            dashboard["annotations"]["list"].as_array().unwrap().iter().map(|mark| text(mark, "expr")).collect();
        assert!(marks.iter().any(|mark| mark.starts_with("ALERTS{")), "{file}: no mark for an alert");
        for query in queries(&dashboard).into_iter().filter(|query| query.contains("ALERTS{")) {
            assert!(["project", "instance", "alertname"].iter().any(|label| query.contains(label)), "{file}: {query}");
        }
    }
}

#[test]
fn panels_of_logs_name_only_labels_that_the_agent_sends() {
    for (file, dashboard) in dashboards() {
        for panel in panels(&dashboard).into_iter().filter(|panel| panel["datasource"]["uid"] == "loki") {
            for target in panel["targets"].as_array().unwrap() {
                let query = text(target, "expr");
                let selector = query.split_once('{').unwrap().1.split_once('}').unwrap().0;
                for matcher in selector.split(", ") {
                    let label = matcher.split(['=', '!']).next().unwrap();
                    assert!(LOG_LABELS.contains(&label), "{file}: {query}: the agent sends no {label}");
                }
            }
        }
    }
}

#[test]
fn links_between_dashboards_lead_to_one_and_to_a_variable_of_it() {
    let all = dashboards();
    for (file, dashboard) in &all {
        // The stack and the example have dashboards of their own.
        let folder = file.rsplit_once('/').unwrap().0;
        let beside = || all.iter().filter(|(other, _)| other.starts_with(folder)).map(|(_, dashboard)| dashboard);
        let of_uid = |uid: &str| beside().find(|dashboard| dashboard["uid"] == uid);
        for url in strings(dashboard).into_iter().filter(|text| text.starts_with("/d/")) {
            let (uid, parameters) = url["/d/".len()..].split_once('?').unwrap();
            let target = of_uid(uid).unwrap_or_else(|| panic!("{file}: {url} leads nowhere"));
            for parameter in parameters.split('&').filter_map(|parameter| parameter.strip_prefix("var-")) {
                let name = parameter.split('=').next().unwrap();
                let list = target["templating"]["list"].as_array().unwrap();
                assert!(list.iter().any(|variable| variable["name"] == name), "{file}: {url}: {uid} has no ${name}");
            }
        }
    }
}

/// All texts in a document.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(map) => map.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// The queries of panels and marks.
fn queries(dashboard: &Value) -> Vec<&str> {
    let marks = dashboard["annotations"]["list"].as_array().into_iter().flatten().map(|mark| text(mark, "expr"));
    let targets = panels(dashboard).into_iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| text(target, "expr")).chain(marks).collect()
}

/// The dashboards by file name.
fn dashboards() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for folder in ["grafana/dashboards", "examples/monitoring/grafana/dashboards"] {
        for entry in fs::read_dir(deploy().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let dashboard = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.insert(format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap()), dashboard);
        }
    }
    found
}

/// All panels except rows, including those inside collapsed rows.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let mut all = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        all.extend(panel["panels"].as_array().into_iter().flatten());
        all.push(panel);
    }
    all.retain(|panel| panel["type"] != "row");
    all
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

#[test]
fn dashboards_are_what_file_provisioning_needs() {
    let mut uids = BTreeSet::new();
    for (file, dashboard) in dashboards() {
        assert!(dashboard["id"].is_null(), "{file}: a file has no id, the database has");
        let uid = text(&dashboard, "uid");
        assert!(!uid.is_empty() && uid.len() <= LONGEST_UID, "{file}: uid {uid}");
        assert!(file.starts_with("examples/") || uids.insert(uid.to_owned()), "{file}: {uid} is another's uid, too");
        assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39, "{file}: Grafana would have to migrate it");
        assert!(!text(&dashboard, "title").is_empty(), "{file}");
        let written = dashboard.to_string();
        for input in ["__inputs", "__requires", "${DS_", "${VAR_"] {
            assert!(!written.contains(input), "{file}: nobody answers {input} when a file is loaded");
        }
        let ids: Vec<u64> = dashboard["panels"].as_array().unwrap().iter().map(|p| p["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{file}: two panels have one id");
    }
}

#[test]
fn every_panel_names_the_data_source_has_a_unit_and_lies_where_no_other_does() {
    for name in DATA_SOURCES {
        let file = deploy().join(format!("grafana/provisioning/datasources/{name}.yaml"));
        assert!(fs::read_to_string(file).unwrap().contains(&format!("uid: {name}\n")));
    }
    for (file, dashboard) in dashboards() {
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let place = format!("{file}: {}", text(panel, "title"));
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{place}: no unit");
            for sourced in panel["targets"].as_array().unwrap().iter().chain([panel]) {
                assert!(DATA_SOURCES.contains(&text(&sourced["datasource"], "uid")), "{place}");
                assert_eq!(sourced["datasource"]["type"], sourced["datasource"]["uid"], "{place}");
            }
            let cell = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(cell("x") + cell("w") <= 24, "{place}: wider than the page");
            for x in cell("x")..cell("x") + cell("w") {
                for y in cell("y")..cell("y") + cell("h") {
                    assert!(taken.insert((x, y)), "{place}: over another panel");
                }
            }
        }
        let variables = dashboard["templating"]["list"].as_array().into_iter().flatten();
        for variable in variables.filter(|variable| variable["type"] != "textbox") {
            let known = DATA_SOURCES.contains(&text(&variable["datasource"], "uid"));
            assert!(known, "{file}: ${}", text(variable, "name"));
        }
    }
}

#[test]
fn rates_are_over_the_rate_interval_and_every_variable_is_there() {
    for (file, dashboard) in dashboards() {
        let variables: BTreeSet<&str> = dashboard["templating"]["list"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|variable| text(variable, "name"))
            .chain(BUILT_IN)
            .collect();
        for panel in panels(&dashboard) {
            for target in panel["targets"].as_array().unwrap() {
                let (query, title) = (text(target, "expr"), text(panel, "title"));
                for used in query.split('$').skip(1) {
                    let name = used.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
                    assert!(variables.contains(name), "{file}: {title}: nobody says what ${name} is: {query}");
                }
                for function in ["rate(", "irate("] {
                    for (at, _) in query.match_indices(function) {
                        let window = query[at..].split_once('[').unwrap().1.split_once(']').unwrap().0;
                        // Loki's own name for it is `$__auto`.
                        let own = if target["datasource"]["uid"] == "loki" { "$__auto" } else { "$__rate_interval" };
                        assert_eq!(window, own, "{file}: {title}: {query}");
                    }
                }
            }
        }
    }
}
