//! The names, labels and types of prometheus-flask-exporter.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::routing::{get as on_get, post};
use futures_util::FutureExt;
use http::StatusCode;
use prometheus::Registry;
use tower::ServiceExt;
use wharf_http_metrics::{HttpMetrics, Kind};

use crate::{exposed, get, panics, request, samples, whole};

fn app(metrics: HttpMetrics, registry: &Registry) -> Router {
    Router::new()
        .route("/hits/{key}", on_get(|| async { "counted" }))
        .route("/order", post(|| async { StatusCode::CREATED }))
        .route("/panic", on_get(panics))
        .layer(metrics.register(registry).unwrap())
}

#[tokio::test]
async fn the_default_metrics_are_those_of_the_exporter() {
    let registry = Registry::new();
    let app = app(HttpMetrics::flask(), &registry);
    get(&app, "/hits/a").await;
    get(&app, "/hits/b").await;
    whole(&app, request("POST", "/order")).await;
    let panicked = AssertUnwindSafe(app.clone().oneshot(request("GET", "/panic")));
    assert!(panicked.catch_unwind().await.is_err());
    let text = exposed(&registry);
    let types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(
        types,
        [
            "flask_exporter_info gauge",
            "flask_http_request_duration_seconds histogram",
            "flask_http_request_exceptions_total counter",
            "flask_http_request_total counter",
        ]
    );
    assert_eq!(samples(&registry, "flask_exporter_info"), [r#"{version="0.1.0"} 1"#]);
    assert_eq!(
        samples(&registry, "flask_http_request_total"),
        [r#"{method="GET",status="200"} 2"#, r#"{method="GET",status="500"} 1"#, r#"{method="POST",status="201"} 1"#]
    );
    assert_eq!(samples(&registry, "flask_http_request_exceptions_total"), [r#"{method="GET",status="500"} 1"#]);
    assert_eq!(
        samples(&registry, "flask_http_request_duration_seconds_count"),
        [
            r#"{method="GET",path="/hits/a",status="200"} 1"#,
            r#"{method="GET",path="/hits/b",status="200"} 1"#,
            r#"{method="GET",path="/panic",status="500"} 1"#,
            r#"{method="POST",path="/order",status="201"} 1"#,
        ]
    );
    let bucket = r#"flask_http_request_duration_seconds_bucket{method="POST",path="/order",status="201",le=""#;
    let bounds: Vec<_> =
        samples(&registry, bucket).iter().filter_map(|line| Some(line.split_once('"')?.0.to_owned())).collect();
    let expected =
        ["0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10", "+Inf"];
    assert_eq!(bounds, expected);
}

#[tokio::test]
async fn groups_and_prefixes_change_the_names_as_there() {
    for (metrics, expected) in [
        (
            HttpMetrics::flask().prefix("shop"),
            r#"shop_http_request_duration_seconds_count{method="GET",path="/hits/a""#,
        ),
        (HttpMetrics::flask().prefix(""), r#"http_request_duration_seconds_count{method="GET",path="/hits/a""#),
        (
            HttpMetrics::flask().group_by_route(),
            r#"flask_http_request_duration_seconds_count{method="GET",status="200",url_rule="/hits/{key}""#,
        ),
        (
            HttpMetrics::flask()
                .group_by("depth", |request| request.uri().path().split('/').count().to_string().into()),
            r#"flask_http_request_duration_seconds_count{depth="3",method="GET",status="200""#,
        ),
        (
            HttpMetrics::flask().duration_as_summary(),
            r#"flask_http_request_duration_seconds_count{method="GET",path="/hits/a",status="200""#,
        ),
        (
            HttpMetrics::new().prefix("shop"),
            r#"shop_http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/hits/{key}""#,
        ),
    ] {
        let registry = Registry::new();
        get(&app(metrics, &registry), "/hits/a").await;
        let text = exposed(&registry);
        assert!(text.lines().any(|line| line.starts_with(expected)), "{expected} in {text}");
    }
}

#[tokio::test]
async fn a_summary_has_count_and_sum_alone() {
    let registry = Registry::new();
    get(&app(HttpMetrics::flask().duration_as_summary(), &registry), "/hits/a").await;
    let text = exposed(&registry);
    assert!(text.contains("# TYPE flask_http_request_duration_seconds summary\n"), "{text}");
    assert!(!text.contains("_bucket"), "{text}");
}

#[test]
fn descriptions_are_those_of_what_is_exposed() {
    let descriptions = HttpMetrics::flask().descriptions();
    let lines = descriptions.iter().map(|one| format!("{} {} {}", one.name, one.kind.as_str(), one.labels.join(",")));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "flask_exporter_info gauge version",
            "flask_http_request_duration_seconds histogram method,path,status",
            "flask_http_request_total counter method,status",
            "flask_http_request_exceptions_total counter method,status",
        ]
    );
    assert!(
        HttpMetrics::new().descriptions().iter().any(|one| one.kind == Kind::Histogram && one.help.contains("bytes"))
    );
}
