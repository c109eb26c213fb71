//! What a scrape gets.

use axum::Router;
use axum::routing::get as on_get;
use prometheus::{IntCounter, Registry};
use tower::ServiceExt;
use wharf_http_metrics::{Error, HttpMetrics, register_process_metrics};

use crate::{get, request, samples};

fn app(registry: &Registry) -> Router {
    let own = IntCounter::new("own_total", "The application's own.").unwrap();
    registry.register(Box::new(own)).unwrap();
    let metrics = HttpMetrics::new().register(registry).unwrap();
    Router::new().route("/", on_get(|| async { "x" })).merge(metrics.route("/metrics")).layer(metrics)
}

async fn text(app: &Router, path: &str) -> String {
    String::from_utf8(get(app, path).await.1.to_vec()).unwrap()
}

#[tokio::test]
async fn a_scrape_gets_the_text_format_with_the_applications_own_metrics() {
    let registry = Registry::new();
    let app = app(&registry);
    get(&app, "/").await;
    let response = app.clone().oneshot(request("GET", "/metrics")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = text(&app, "/metrics").await;
    for name in [
        "own_total",
        "http_server_requests_total",
        "http_server_request_duration_seconds",
        "http_server_active_requests",
        "http_server_request_body_size_bytes",
        "http_server_response_body_size_bytes",
    ] {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} in {text}");
    }
}

#[tokio::test]
async fn a_scrape_may_name_what_it_wants() {
    let registry = Registry::new();
    let app = app(&registry);
    get(&app, "/").await;
    let names = |text: String| {
        let mut names: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
            .collect();
        names.dedup();
        names
    };
    assert_eq!(names(text(&app, "/metrics?name[]=own_total").await), ["own_total"]);
    let both = "/metrics?name%5B%5D=own_total&x=y&name[]=http_server_request_duration_seconds_count&name[]=nothing";
    assert_eq!(names(text(&app, both).await), ["http_server_request_duration_seconds_count", "own_total"]);
    let whole = names(text(&app, "/metrics?name[]=http_server_request_duration_seconds").await);
    assert_eq!(whole, ["bucket", "sum", "count"].map(|part| format!("http_server_request_duration_seconds_{part}")));
    assert_eq!(names(text(&app, "/metrics?name[]=").await), [""; 0]);
    assert!(names(text(&app, "/metrics?other=own_total").await).len() > 5);
}

#[test]
fn a_registry_takes_the_metrics_once() {
    let registry = Registry::new();
    HttpMetrics::new().register(&registry).unwrap();
    let error = HttpMetrics::new().register(&registry).unwrap_err();
    assert!(matches!(error, Error::Registry { .. }));
    HttpMetrics::new().prefix("admin").register(&registry).unwrap();
    assert!(matches!(HttpMetrics::new().buckets([1.0, 0.1]).register(&Registry::new()), Err(Error::Buckets { .. })));
    assert!(matches!(HttpMetrics::new().prefix("a b").register(&Registry::new()), Err(Error::Description { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_tells_about_itself() {
    let registry = Registry::new();
    register_process_metrics(&registry).unwrap();
    let value = |name: &str| samples(&registry, &format!("{name} "))[0].parse::<f64>().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 3600.0..=now + 1.0).contains(&value("process_start_time_seconds")));
    assert!((1.0..1e6).contains(&value("process_open_fds")) && value("process_max_fds") >= value("process_open_fds"));
    assert!(value("process_resident_memory_bytes") > 100_000.0);
    assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"));
    assert!(value("process_threads") >= 1.0);
    let spent = value("process_cpu_seconds_total");
    let begun = std::time::Instant::now();
    while begun.elapsed().as_millis() < 100 {}
    let more = value("process_cpu_seconds_total") - spent;
    assert!(more > 0.0, "not in whole seconds: {more}");
}
