//! `/`, `/metrics`, `/ready` and `/targets`.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wharf_serve::Limits;
use wharf_serve::page::{self, Link, Site, escaped};

use crate::budget::Budget;
use crate::delivery::DeliveryState;
use crate::metrics::Metrics;
use crate::positions::Positions;
use crate::target::Target;
use crate::targets::Targets;

/// The agent's own pages.
const SITE: Site = Site {
    name: "wharf agent",
    version: env!("CARGO_PKG_VERSION"),
    links: &[
        Link {
            path: "/targets",
            name: "Targets",
            about: "Containers and files that are read, with labels, positions and errors",
        },
        Link { path: "/metrics", name: "Metrics", about: "Metrics of the agent, for Prometheus" },
        Link { path: "/ready", name: "Ready", about: "Whether the agent runs, for health checks" },
    ],
};

/// What the pages show.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// All targets.
    pub targets: Arc<Targets>,
    /// Their positions.
    pub positions: Arc<Positions>,
    /// Memory.
    pub budget: Arc<Budget>,
    /// The batches that wait.
    pub delivery: DeliveryState,
}

/// Serves the pages until the future is dropped.
pub async fn serve(listener: TcpListener, pages: Pages, limits: Limits) {
    let router = Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics))
        .route("/ready", get(async || "ready\n"))
        .route("/targets", get(targets))
        .fallback(async || (StatusCode::NOT_FOUND, page::HEADERS, Html(SITE.not_found())))
        .with_state(pages);
    wharf_serve::serve(listener, router, limits, CancellationToken::new()).await;
}

async fn index(State(pages): State<Pages>) -> Response {
    let about = format!(
        "<p>Sends the logs of containers to Loki. {} read at the moment.</p>",
        counted(pages.targets.all().len(), "target is", "targets are")
    );
    (page::HEADERS, Html(SITE.index(&about))).into_response()
}

async fn metrics(State(pages): State<Pages>) -> Response {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let numbers = [
        ("wharf_agent_targets", "Containers and files that are read.", pages.targets.all().len() as u64),
        ("wharf_agent_memory_bytes", "Bytes of lines that are read and not acknowledged.", pages.budget.used() as u64),
        ("wharf_agent_waiting_batches", "Requests that are not delivered.", pages.delivery.waiting() as u64),
        ("wharf_agent_spool_bytes", "Bytes in the spool.", pages.delivery.spooled()),
    ];
    let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    let delivery = (pages.delivery.oldest(), pages.delivery.damaged());
    let text = pages.metrics.render(&pages.targets.all(), &numbers, now, &delivery);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// JSON if the request asks for it, else a page.
async fn targets(State(pages): State<Pages>, headers: HeaderMap, query: axum::extract::RawQuery) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let list: Vec<Value> = pages.targets.all().iter().map(|target| describe(target, &pages.positions)).collect();
    if accepts.contains("application/json") || query.0.is_some_and(|query| query.contains("format=json")) {
        return Json(json!({ "targets": list })).into_response();
    }
    match table(&list) {
        Ok(content) => (page::HEADERS, Html(SITE.page("Targets", &content))).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn describe(target: &Target, positions: &Positions) -> Value {
    let labels = |labels: &wharf_loki::Labels| {
        labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<serde_json::Map<_, _>>()
    };
    let [stdout, stderr] = [&target.labels[0], &target.labels[1]].map(|found| found.as_ref().map(labels));
    let state = &target.state;
    let counter = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    json!({
        "key": target.key.as_ref(),
        "name": target.name,
        "read_from": if state.on_disk.load(Ordering::Relaxed) { "files" } else { "engine" },
        "discovered_labels": labels(&target.discovered),
        "labels": { "stdout": stdout, "stderr": stderr },
        "position": positions.get(&target.key),
        "lines": counter(&state.lines),
        "bytes": counter(&state.bytes),
        "unread_bytes": counter(&state.unread),
        "last_error": state.last_error(),
    })
}

/// The content of the page with all targets.
fn table(list: &[Value]) -> Result<String, std::fmt::Error> {
    let mut out = format!("<h1>{}</h1>\n", counted(list.len(), "target", "targets"));
    if list.is_empty() {
        out.push_str("<div class=\"card\"><p>No container or file is read. Containers appear here as soon as they start.</p></div>");
        return Ok(out);
    }
    out.push_str(
        "<div class=\"card table\" tabindex=\"0\" role=\"region\" aria-label=\"Targets\"><table><thead><tr><th scope=\"col\">Target\
         <th scope=\"col\">Labels<th scope=\"col\">Before relabelling<th scope=\"col\" class=\"number\">Lines\
         <th scope=\"col\" class=\"number\">Unread bytes<th scope=\"col\">Position<th scope=\"col\">Last error</thead>",
    );
    for target in list {
        let text = |value: &Value| {
            escaped(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str()).into_owned()
        };
        write!(out, "<tr><th scope=\"row\">{}<br>({})", text(&target["name"]), text(&target["read_from"]))?;
        write!(out, "<td><code>{}</code>", labels(&target["labels"]["stdout"]))?;
        write!(
            out,
            "<td><details><summary>labels</summary><code>{}</code></details>",
            labels(&target["discovered_labels"])
        )?;
        write!(out, "<td class=\"number\">{}<td class=\"number\">{}", target["lines"], target["unread_bytes"])?;
        write!(out, "<td><details><summary>position</summary><code>{}</code></details>", text(&target["position"]))?;
        let error = target["last_error"].as_str().map(escaped).unwrap_or_default();
        write!(out, "<td class=\"bad\">{error}")?;
    }
    out.push_str("</table></div>");
    Ok(out)
}

/// A number and its noun.
fn counted(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

fn labels(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    escaped(&pairs.join("\n")).replace('\n', "<br>")
}
