//! A client that visits the counter through its published port.

use std::time::Duration;

use serde_json::Value;

/// Longer than any deadline of the stack, so a request that exceeds it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser, as far as these tests need one.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: reqwest::Client,
    url: String,
}

/// A page of the counter.
pub(crate) struct Page {
    /// Its HTML.
    pub(crate) text: String,
}

impl Page {
    /// The count that the page shows.
    pub(crate) fn count(&self) -> u64 {
        self.between("id=\"count\" value=\"", "\"").parse().expect("a number")
    }

    /// The replica that made the page.
    pub(crate) fn replica(&self) -> &str {
        self.between("id=\"replica\">", "<")
    }

    fn between(&self, before: &str, after: &str) -> &str {
        let found = self.text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        found.unwrap_or_else(|| panic!("no {before} in {}", self.text)).0
    }
}

impl Visitor {
    pub(crate) fn of(url: String) -> Self {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client without TLS");
        Self { client, url }
    }

    /// The page if the answer was 200, else the failure.
    pub(crate) async fn get(&self, path: &str) -> Result<Page, String> {
        let request = self.client.get(format!("{}{path}", self.url)).header("Accept", "text/html");
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if status == reqwest::StatusCode::OK { Ok(Page { text }) } else { Err(status.to_string()) }
    }

    /// Sends a form. Returns the answer as JSON, whatever its status.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, String> {
        Self::json(self.client.post(format!("{}{path}", self.url)).form(form)).await
    }

    /// Sends JSON. Returns the answer as JSON, whatever its status.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Result<Value, String> {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        Self::json(request.body(body.to_string())).await
    }

    async fn json(request: reqwest::RequestBuilder) -> Result<Value, String> {
        let text = async { request.send().await?.text().await }.await.map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    /// The health of each of Prometheus' targets, by job and address.
    pub(crate) async fn targets(&self) -> Result<Vec<(String, bool)>, String> {
        let answer: Value =
            serde_json::from_str(&self.get("/api/v1/targets").await?.text).map_err(|e| e.to_string())?;
        let targets = answer["data"]["activeTargets"].as_array().ok_or("no targets")?;
        let name = |target: &Value| format!("{} {}", target["labels"]["job"], target["labels"]["instance"]);
        Ok(targets.iter().map(|target| (name(target), target["health"] == "up")).collect())
    }
}
