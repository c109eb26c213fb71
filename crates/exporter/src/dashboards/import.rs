//! Converts a dashboard from grafana.com or Grafana's API for file provisioning.
//!
//! File provisioning is not interactive: the inputs that an import in the browser asks for (`__inputs`) must be filled
//! in, and the data sources must exist. Everything that Grafana migrates when it loads a dashboard is left to Grafana.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::rows;

/// The longest uid that Grafana accepts.
const LONGEST_UID: usize = 40;
/// The type and the uid of Grafana's data source for expressions, which each Grafana has.
const EXPRESSION: &str = "__expr__";
/// Grafana's built-in data sources.
const BUILT_IN: [&str; 3] = ["-- Grafana --", "-- Mixed --", "-- Dashboard --"];
/// The first schema without rows that hold panels.
const GRID_SCHEMA: u64 = 16;

/// Why a file cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The JSON document is not a dashboard.
    #[error("this is not a dashboard: it has no `panels` and no `rows`")]
    NoDashboard,
    /// Grafana's newer schema.
    #[error(
        "this dashboard has Grafana's schema v2: export it again in the classic form (\"Export as code\", \"Classic\")"
    )]
    NewSchema,
    /// The requested uid.
    #[error("{0:?} is not a uid: use 1 to 40 of A-Z a-z 0-9 - _")]
    Uid(String),
}

/// A dashboard for file provisioning.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The dashboard.
    pub dashboard: Value,
    /// One line for each change; empty if there was nothing to change.
    pub changes: Vec<String>,
    /// One line for each name of a data source of another type that is not filled in: Grafana does not load those parts.
    pub obstacles: Vec<String>,
    /// One line for each other type of data sources that parts of it need. Whether there is one is unknown.
    pub others: Vec<String>,
}

/// Converts a dashboard. `data_source` is the uid of the Prometheus for all its queries.
///
/// # Errors
///
/// [`ImportError`].
pub fn import(document: Value, data_source: &str, uid: Option<&str>) -> Result<Imported, ImportError> {
    let lines = BTreeSet::new;
    let mut work = Work { data_source, kinds: BTreeMap::new(), changes: lines(), obstacles: lines(), others: lines() };
    let mut dashboard = work.unwrapped(document)?;
    work.library_panels(&mut dashboard);
    work.kinds = variable_kinds(&dashboard);
    work.inputs(&mut dashboard);
    work.identity(&mut dashboard, uid)?;
    if rows::to_grid(&mut dashboard) {
        dashboard.insert("schemaVersion".to_owned(), GRID_SCHEMA.into());
        work.changed("rows became places on the grid (schema 16); Grafana migrates the rest when it loads it");
    }
    let mut dashboard = Value::Object(dashboard);
    work.data_sources(&mut dashboard);
    work.data_source_variables(&mut dashboard);
    let lines = |set: BTreeSet<String>| set.into_iter().collect();
    let (changes, obstacles, others) = (lines(work.changes), lines(work.obstacles), lines(work.others));
    Ok(Imported { dashboard, changes, obstacles, others })
}

struct Work<'a> {
    data_source: &'a str,
    /// The types of data sources that names stand for: those of variables, and those of inputs without an answer.
    kinds: BTreeMap<String, String>,
    changes: BTreeSet<String>,
    obstacles: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Work<'_> {
    fn changed(&mut self, what: impl Into<String>) {
        self.changes.insert(what.into());
    }

    /// Takes the dashboard out of the envelope of Grafana's API.
    fn unwrapped(&mut self, document: Value) -> Result<Map<String, Value>, ImportError> {
        let Value::Object(mut map) = document else { return Err(ImportError::NoDashboard) };
        for around in ["dashboard", "spec"] {
            let inner = map.get(around).and_then(Value::as_object);
            if inner.is_some_and(|inner| inner.contains_key("elements") && inner.contains_key("layout")) {
                return Err(ImportError::NewSchema);
            }
            if !is_dashboard(&map)
                && inner.is_some_and(is_dashboard)
                && let Some(Value::Object(inner)) = map.shift_remove(around)
            {
                self.changed(format!("taken out of `{around}`"));
                map = inner;
            }
        }
        if map.contains_key("elements") && map.contains_key("layout") {
            return Err(ImportError::NewSchema);
        }
        if is_dashboard(&map) { Ok(map) } else { Err(ImportError::NoDashboard) }
    }

    /// Inserts the panels of `__elements` where they are used: a file has no library.
    fn library_panels(&mut self, dashboard: &mut Map<String, Value>) {
        let Some(elements) = dashboard.shift_remove("__elements") else { return };
        let elements: Vec<&Value> = match &elements {
            Value::Object(elements) => elements.values().collect(),
            Value::Array(elements) => elements.iter().collect(),
            _ => Vec::new(),
        };
        if elements.is_empty() {
            return;
        }
        let mut used = false;
        for_each_panel(dashboard, &mut |panel| {
            let uid = panel.get("libraryPanel").and_then(|library| library.get("uid")).cloned();
            let of_uid = |element: &&&Value| uid.is_some() && element.get("uid") == uid.as_ref();
            let Some(model) = elements.iter().find(of_uid).and_then(|element| element.get("model")?.as_object()) else {
                return;
            };
            panel.shift_remove("libraryPanel");
            used = true;
            for (key, value) in model {
                if !["id", "gridPos", "libraryPanel"].contains(&key.as_str()) {
                    panel.insert(key.clone(), value.clone());
                }
            }
        });
        if used {
            self.changed("library panels are part of the file");
        }
    }

    /// Fills in the inputs that an import in the browser would ask for. Those for data sources of other types stay, so that
    /// a second import knows their type, too.
    fn inputs(&mut self, dashboard: &mut Map<String, Value>) {
        dashboard.shift_remove("__requires");
        let Some(inputs) = dashboard.shift_remove("__inputs") else { return };
        let mut answers: Vec<(String, String)> = Vec::new();
        let mut unanswered = Vec::new();
        for input in inputs.as_array().into_iter().flatten() {
            let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = text("name");
            let answer = match (text("type"), text("pluginId")) {
                ("datasource", "prometheus" | "") => self.data_source,
                ("datasource", EXPRESSION) => EXPRESSION,
                ("datasource", kind) => {
                    self.obstacles.insert(format!("{name}: it asks for a data source of the type {kind}"));
                    self.kinds.insert(name.to_owned(), kind.to_owned());
                    unanswered.push(input.clone());
                    continue;
                }
                _ => text("value"),
            };
            answers.push((format!("${{{name}}}"), answer.to_owned()));
            self.changed(format!("the input {name} is filled in"));
        }
        for value in dashboard.values_mut() {
            for_each_text(value, &mut |text| {
                for (name, answer) in &answers {
                    if text.contains('$') {
                        *text = text.replace(name, answer);
                    }
                }
            });
        }
        if !unanswered.is_empty() {
            dashboard.insert("__inputs".to_owned(), unanswered.into());
        }
    }

    fn identity(&mut self, dashboard: &mut Map<String, Value>, asked: Option<&str>) -> Result<(), ImportError> {
        if let Some(uid) = asked.filter(|uid| !is_uid(uid)) {
            return Err(ImportError::Uid(uid.to_owned()));
        }
        if dashboard.insert("id".to_owned(), Value::Null).is_some_and(|id| !id.is_null()) {
            self.changed("id is null: the database gives one");
        }
        for key in ["version", "iteration"] {
            dashboard.shift_remove(key);
        }
        let text = |key: &str| dashboard.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let (title, uid) = (text("title"), text("uid"));
        let title = if title.is_empty() {
            self.changed("it had no title");
            "Imported dashboard".to_owned()
        } else {
            title
        };
        let wanted = asked.map_or_else(|| if is_uid(&uid) { uid.clone() } else { slug(&title) }, str::to_owned);
        if wanted != uid {
            self.changed(format!("uid is {wanted}"));
        }
        dashboard.insert("title".to_owned(), title.into());
        dashboard.insert("uid".to_owned(), wanted.into());
        Ok(())
    }

    /// Makes every reference to a data source one by type and uid, to an existing one.
    fn data_sources(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.data_sources(item)),
            Value::Object(map) => {
                for (key, value) in map {
                    if key == "datasource" { self.data_source(value) } else { self.data_sources(value) }
                }
            }
            _ => {}
        }
    }

    fn data_source(&mut self, reference: &mut Value) {
        let ours = |uid: &str| json!({"type": "prometheus", "uid": uid});
        let new = match &*reference {
            Value::String(name) if name == BUILT_IN[0] => json!({"type": "grafana", "uid": name}),
            Value::String(name) if BUILT_IN.contains(&name.as_str()) => json!({"type": "datasource", "uid": name}),
            Value::String(name) if name == EXPRESSION => json!({"type": name, "uid": name}),
            Value::String(name) => match variable(name) {
                Some(variable) if self.kinds.get(variable).is_some_and(|kind| kind != "prometheus") => {
                    self.foreign(variable);
                    return;
                }
                Some(variable) if !self.is_lost(variable) => ours(&format!("${{{variable}}}")),
                _ => ours(self.data_source),
            },
            Value::Null => ours(self.data_source),
            Value::Object(map) => {
                let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
                let (kind, uid) = (text("type"), text("uid"));
                match variable(uid) {
                    _ if kind == EXPRESSION => json!({"type": EXPRESSION, "uid": EXPRESSION}),
                    _ if BUILT_IN.contains(&uid) || ["grafana", "datasource"].contains(&kind) => return,
                    lost if !["", "prometheus"].contains(&kind) => {
                        match lost.filter(|variable| self.is_lost(variable)) {
                            Some(name) => {
                                self.obstacles.insert(format!("{name}: it asks for a data source of the type {kind}"))
                            }
                            None => self.other(kind.to_owned()),
                        };
                        return;
                    }
                    Some(variable) if !self.is_lost(variable) => {
                        self.foreign(variable);
                        return;
                    }
                    _ => ours(self.data_source),
                }
            }
            _ => return,
        };
        if *reference != new {
            self.changed(match &*reference {
                Value::String(name) => format!("the data source {name:?} is named by its uid"),
                Value::Null => "the default data source is named by its uid".to_owned(),
                _ => format!("the data source's uid is {}", self.data_source),
            });
            *reference = new;
        }
    }

    /// Whether nothing in the file says what this name stands for: an export whose inputs are lost.
    fn is_lost(&self, name: &str) -> bool {
        name.starts_with("DS_") && !self.kinds.contains_key(name)
    }

    /// Reports the data source that a name stands for, if it is of another type.
    fn foreign(&mut self, variable: &str) {
        if let Some(kind) = self.kinds.get(variable).filter(|kind| *kind != "prometheus") {
            self.other(kind.clone());
        }
    }

    fn other(&mut self, kind: String) -> bool {
        self.others.insert(format!("it asks for a data source of the type {kind}"))
    }

    /// Makes ours the initial value of a variable that chooses the data source.
    fn data_source_variables(&mut self, dashboard: &mut Value) {
        let list = dashboard.pointer_mut("/templating/list").and_then(Value::as_array_mut);
        for variable in list.into_iter().flatten().filter_map(Value::as_object_mut) {
            if variable.get("type").and_then(Value::as_str) != Some("datasource") {
                continue;
            }
            let query = variable.get("query").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !["", "prometheus"].contains(&query.as_str()) {
                self.other(query);
                continue;
            }
            let chosen = variable.get("current").and_then(|current| current.get("value")).and_then(Value::as_str);
            if chosen != Some(self.data_source) {
                let current = json!({"text": self.data_source, "value": self.data_source});
                variable.insert("current".to_owned(), current);
                self.changes.insert(format!("the variable for the data source begins with {}", self.data_source));
            }
        }
    }
}

/// The types of the data sources that the dashboard's own variables choose from.
fn variable_kinds(dashboard: &Map<String, Value>) -> BTreeMap<String, String> {
    let list = dashboard.get("templating").and_then(|templating| templating.get("list")).and_then(Value::as_array);
    let of_sources = list.into_iter().flatten().filter(|variable| variable["type"] == "datasource");
    of_sources
        .filter_map(|variable| {
            let kind = variable["query"].as_str().filter(|kind| !kind.is_empty()).unwrap_or("prometheus");
            Some((variable["name"].as_str()?.to_owned(), kind.to_owned()))
        })
        .collect()
}

fn is_dashboard(map: &Map<String, Value>) -> bool {
    ["panels", "rows"].iter().any(|key| map.get(*key).is_some_and(Value::is_array))
}

fn is_uid(uid: &str) -> bool {
    (1..=LONGEST_UID).contains(&uid.len()) && uid.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// `Redis Dashboard (v2)` becomes `redis-dashboard-v2`.
fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_ascii_lowercase().chars().take(LONGEST_UID).collect();
    if slug.is_empty() { "imported".to_owned() } else { slug }
}

/// The name in `$name`, `${name}`, `${name:format}` or `[[name]]`, if the text is nothing else.
fn variable(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.or_else(|| text.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")));
    let name = inner.or_else(|| text.strip_prefix('$'))?.split(':').next()?;
    (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
}

/// Visits all panels, including those in rows.
pub(super) fn for_each_panel(dashboard: &mut Map<String, Value>, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    for key in ["panels", "rows"] {
        for item in dashboard.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(item) = item.as_object_mut() {
                visit(item);
                for_each_panel(item, visit);
            }
        }
    }
}

fn for_each_text(value: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| for_each_text(item, visit)),
        Value::Object(map) => map.values_mut().for_each(|item| for_each_text(item, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn imported(document: Value) -> Imported {
        import(document, "prometheus", None).unwrap()
    }

    #[test]
    fn inputs_are_answered_and_identity_is_the_files() {
        let Imported { dashboard, changes, obstacles, others } = imported(json!({
            "__inputs": [
                {"name": "DS_PROM", "type": "datasource", "pluginId": "prometheus"},
                {"name": "VAR_JOB", "type": "constant", "value": "web"},
            ],
            "__requires": [{"type": "grafana"}],
            "__elements": {},
            "id": 7, "uid": null, "version": 12, "title": "Redis Dashboard (v2)", "schemaVersion": 36,
            "panels": [{"id": 1, "type": "stat", "datasource": {"type": "prometheus", "uid": "${DS_PROM}"},
                "targets": [{"expr": "up{job=\"${VAR_JOB}\"}", "datasource": "${DS_PROM}"}]}],
        }));
        assert_eq!(
            dashboard,
            json!({
                "id": null, "uid": "redis-dashboard-v2", "title": "Redis Dashboard (v2)", "schemaVersion": 36,
                "panels": [{"id": 1, "type": "stat", "datasource": {"type": "prometheus", "uid": "prometheus"},
                    "targets": [{"expr": "up{job=\"web\"}", "datasource": {"type": "prometheus", "uid": "prometheus"}}]}],
            })
        );
        assert!(obstacles.is_empty() && others.is_empty() && changes.len() >= 4, "{changes:?}");
        let again = imported(dashboard.clone());
        assert_eq!((again.dashboard, again.changes), (dashboard, Vec::new()), "the second time nothing is left to do");
    }

    #[test]
    fn data_sources_of_every_form_become_ours() {
        let reference = |given: Value| {
            imported(json!({"title": "t", "uid": "u", "panels": [{"datasource": given}]})).dashboard["panels"][0]
                ["datasource"]
                .clone()
        };
        let ours = json!({"type": "prometheus", "uid": "prometheus"});
        for given in [json!("Prometheus"), json!(null), json!("${DS_LOST}"), json!({"uid": "P1809F7CD0C75ACF3"})] {
            assert_eq!(reference(given.clone()), ours, "{given}");
        }
        let chosen = json!({"type": "prometheus", "uid": "${datasource}"});
        for given in [json!("$datasource"), json!("[[datasource]]"), json!("${datasource}"), chosen.clone()] {
            assert_eq!(reference(given.clone()), chosen, "{given}");
        }
        assert_eq!(reference(json!("-- Grafana --")), json!({"type": "grafana", "uid": "-- Grafana --"}));
        assert_eq!(reference(json!("-- Mixed --")), json!({"type": "datasource", "uid": "-- Mixed --"}));
    }

    #[test]
    fn a_data_source_of_another_kind_is_told_and_a_name_for_one_is_an_obstacle() {
        let loki = json!({"__inputs": [{"name": "DS_LOKI", "type": "datasource", "pluginId": "loki"}], "panels": []});
        assert_eq!(imported(loki).obstacles, ["DS_LOKI: it asks for a data source of the type loki"]);
        let panel = json!({"panels": [{"datasource": {"type": "influxdb", "uid": "x"}}]});
        let panel = imported(panel);
        assert_eq!(
            (panel.obstacles, panel.others),
            (vec![], vec!["it asks for a data source of the type influxdb".to_owned()])
        );
    }

    #[test]
    fn a_data_source_of_another_kind_stays_as_it_is_at_each_import() {
        let inputs = json!([
            {"name": "DS_LOKI", "type": "datasource", "pluginId": "loki"},
            {"name": "DS_EXPRESSION", "type": "datasource", "pluginId": "__expr__"},
        ]);
        let loki = [json!("${DS_LOKI}"), json!({"type": "loki", "uid": "${DS_LOKI}"}), json!("$logs")];
        let expression = [json!("${DS_EXPRESSION}"), json!({"type": "__expr__", "uid": "${DS_EXPRESSION}"})];
        let panels: Vec<_> = loki.iter().chain(&expression).map(|source| json!({"datasource": source})).collect();
        let list = json!([{"name": "logs", "type": "datasource", "query": "loki"}]);
        let once = imported(json!({
            "__inputs": inputs, "title": "t", "uid": "u", "panels": panels, "templating": {"list": list},
        }));
        let again = imported(once.dashboard.clone());
        assert_eq!((&again.dashboard, again.changes), (&once.dashboard, Vec::new()));
        for imported in [&once.dashboard, &again.dashboard] {
            let source = |at: usize| imported["panels"][at]["datasource"].clone();
            assert_eq!([source(0), source(1), source(2)], loki);
            assert_eq!([source(3), source(4)], [(); 2].map(|()| json!({"type": "__expr__", "uid": "__expr__"})));
        }
        for obstacles in [&once.obstacles, &again.obstacles] {
            assert!(obstacles.contains(&"DS_LOKI: it asks for a data source of the type loki".to_owned()));
        }
    }

    #[test]
    fn a_data_source_of_another_kind_whose_inputs_are_lost_is_not_taken_for_ours() {
        let given = json!({"type": "loki", "uid": "${DS_LOKI}"});
        let lost = imported(json!({"title": "t", "uid": "u", "panels": [{"datasource": given}]}));
        assert_eq!((&lost.dashboard["panels"][0]["datasource"], lost.changes), (&given, Vec::new()));
        assert_eq!(lost.obstacles, ["DS_LOKI: it asks for a data source of the type loki"]);
        let expression = json!({"panels": [{"datasource": {"type": "__expr__", "uid": "${DS_EXPRESSION}"}}]});
        assert_eq!(imported(expression).dashboard["panels"][0]["datasource"]["uid"], "__expr__");
    }

    #[test]
    fn library_panels_are_put_where_they_are_used() {
        let dashboard = imported(json!({
            "__elements": {"a": {"uid": "a", "model": {"type": "stat", "title": "From the library", "id": 9}}},
            "panels": [{"id": 1, "libraryPanel": {"uid": "a"}, "gridPos": {"x": 3}}],
        }))
        .dashboard;
        let panel = json!({"id": 1, "gridPos": {"x": 3}, "type": "stat", "title": "From the library"});
        assert_eq!(dashboard["panels"][0], panel);
    }

    #[test]
    fn envelopes_are_opened_and_other_documents_refused() {
        let inner = json!({"title": "t", "uid": "u", "panels": []});
        assert_eq!(imported(json!({"meta": {}, "dashboard": inner})).dashboard["uid"], "u");
        assert_eq!(imported(json!({"apiVersion": "v1", "spec": inner})).dashboard["uid"], "u");
        for other in [json!([]), json!({"title": "t"}), json!(1)] {
            assert_eq!(import(other, "p", None), Err(ImportError::NoDashboard));
        }
        let new = json!({"apiVersion": "dashboard.grafana.app/v2", "spec": {"elements": {}, "layout": {}}});
        assert_eq!(import(new, "p", None), Err(ImportError::NewSchema));
        assert_eq!(import(inner, "p", Some("a b")), Err(ImportError::Uid("a b".to_owned())));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec![
            "panels",
            "rows",
            "datasource",
            "templating",
            "list",
            "targets",
            "type",
            "uid",
            "__inputs",
            "span",
            "height",
            "title",
            "gridPos",
            "spec",
            "__elements",
            "libraryPanel",
            "model",
            "current",
            "collapse",
            "expr",
        ]);
        let text = prop_oneof![Just("prometheus".to_owned()), Just("${DS_A}".to_owned()), ".{0,6}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            text.prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_document_makes_it_panic(mut document in any_json(), panels in any_json()) {
            if let Some(map) = document.as_object_mut() {
                map.insert("panels".to_owned(), json!([panels]));
                map.insert("rows".to_owned(), json!([panels]));
            }
            if let Ok(imported) = import(document, "prometheus", None) {
                let _ = super::super::queries(&imported.dashboard);
            }
        }
    }
}
