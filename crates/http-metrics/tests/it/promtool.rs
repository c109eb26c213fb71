//! Checks the metrics with Prometheus' `promtool`.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::Router;
use axum::routing::get as on_get;
use prometheus::Registry;
use wharf_http_metrics::{HttpMetrics, Labels, register_process_metrics};

use crate::{exposed, get};

/// The image that has `promtool`, built by `cargo xtask images`.
const IMAGE: &str = "wharf-local/prometheus:v2";

/// What `promtool check metrics` finds in this text. `None` without the image.
fn findings(text: &str) -> Option<String> {
    let found = Command::new("docker").args(["image", "inspect", IMAGE]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no image {IMAGE}; `cargo xtask images` makes it");
        return None;
    }
    let mut promtool = Command::new("docker")
        .args(["run", "--rm", "--interactive", "--network=none", "--label=wharf.test=http-metrics"])
        .args(["--entrypoint=promtool", IMAGE, "check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some(format!("{} {}", output.status, String::from_utf8_lossy(&said)))
}

async fn everything(metrics: HttpMetrics) -> String {
    let registry = Registry::new();
    let tricky = Labels::new().from_request("tricky", |_| "a\"b\\c\nd".into());
    let metrics = metrics.labels(tricky).register(&registry).unwrap();
    register_process_metrics(&registry).unwrap();
    let status = Labels::new().from_response("code", |response| response.status().as_str().to_owned().into());
    let own = [
        metrics.counter("orders_total", "Orders.", status.clone()),
        metrics.gauge("reports_running", "Reports.", Labels::new()),
        metrics.histogram("render_seconds", "Rendering.", status),
        metrics.summary("wait_seconds", "Waiting.", Labels::new()),
    ];
    metrics.info("app_info", "About the application.", &[("version", "1\n\"2\"\\")]).unwrap();
    let handler = on_get(|| async { "x" });
    let handler = own.into_iter().fold(handler, |handler, layer| handler.layer(layer.unwrap()));
    let app = Router::new().route("/{x}", handler).layer(metrics);
    for path in ["/a", "/b/c", "/%22%5C"] {
        get(&app, path).await;
    }
    exposed(&registry)
}

#[tokio::test]
async fn promtool_finds_nothing() {
    for metrics in [HttpMetrics::new(), HttpMetrics::flask(), HttpMetrics::flask().duration_as_summary().prefix("shop")]
    {
        let text = everything(metrics).await;
        if let Some(findings) = findings(&text) {
            assert_eq!(findings, "exit status: 0 ", "{text}");
        }
    }
}

#[test]
fn promtool_would_find_something() {
    if let Some(findings) = findings("# HELP x_total X.\n# TYPE x_total gauge\nx_total 1\n") {
        assert_ne!(findings, "exit status: 0 ");
    }
}
