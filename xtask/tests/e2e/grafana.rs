//! Tests with the real Grafana. It is in no package registry, so they run only where its image can be pulled.

use std::{fs, path::Path};

use serde_json::{Value, json};
use wharf_testkit::eventually;

use crate::{
    panels::{files, queries},
    stack::{DEADLINE, Stack},
    visitor::Visitor,
};

/// The uid of the data source, as the dashboards name it.
const DATA_SOURCE: &str = "prometheus";

#[tokio::test]
#[ignore = "needs Grafana's image: cargo xtask test --registry -p xtask --test e2e -- --ignored grafana"]
async fn grafana_has_loaded_every_dashboard_and_answers_each_panel() {
    let stack = Stack::named("grafana").await;
    stack.wharf(&["up", "--wait"]);
    let url = stack.url("grafana", 3000);
    let stranger = Visitor::of(url.clone());
    assert_eq!(stranger.get("/api/search").await.err().as_deref(), Some("401 Unauthorized"), "anonymous access is off");

    let secret = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/secrets/grafana_password");
    let password = fs::read_to_string(secret).unwrap();
    let grafana = Visitor::of(url.replace("http://", &format!("http://admin:{}@", password.trim())));
    eventually("every dashboard is loaded", DEADLINE, async || {
        let found = json_of(&grafana, "/api/search?type=dash-db").await?;
        let missing: Vec<String> = files()
            .iter()
            .map(|file| file["uid"].as_str().unwrap().to_owned())
            .filter(|uid| !found.as_array().into_iter().flatten().any(|loaded| loaded["uid"] == uid.as_str()))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("not there: {missing:?}")) }
    })
    .await
    .unwrap();
    for file in files() {
        let uid = file["uid"].as_str().unwrap();
        let loaded = json_of(&grafana, &format!("/api/dashboards/uid/{uid}")).await.unwrap();
        assert_eq!(loaded["meta"]["provisioned"], true, "{uid}");
        assert_eq!(loaded["dashboard"]["panels"].as_array().unwrap().len(), file["panels"].as_array().unwrap().len());
        for query in queries(&file, &stack.project, &[]) {
            // A query that Prometheus refuses is an error. Another test checks whether there is data.
            let body = json!({"from": "now-5m", "to": "now", "queries": [{
                "refId": "A", "datasource": {"type": "prometheus", "uid": DATA_SOURCE}, "expr": query.expression,
                "range": true, "intervalMs": 5000, "maxDataPoints": 100,
            }]});
            let answer: Value = grafana.post_json("/api/ds/query", &body).await.unwrap();
            let result = &answer["results"]["A"];
            assert!(result.is_object() && result["error"].is_null(), "{query:?}: {answer}");
        }
    }
}

async fn json_of(visitor: &Visitor, path: &str) -> Result<Value, String> {
    serde_json::from_str(&visitor.get(path).await?.text).map_err(|error| error.to_string())
}
