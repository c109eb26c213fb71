//! Requests that are not counted.

use axum::response::IntoResponse;
use axum::routing::get as on_get;
use axum::{Extension, Router};
use http::Uri;
use prometheus::Registry;
use tower::ServiceExt;
use wharf_http_metrics::{DoNotTrack, Error, HttpMetrics};

use crate::{get, request, samples};

fn app(registry: &Registry) -> Router {
    let sometimes = |uri: Uri| async move {
        if uri.query().is_some() { (Extension(DoNotTrack), "quiet").into_response() } else { "loud".into_response() }
    };
    let metrics = HttpMetrics::new().exclude(["/static/", "/healthz$"]).register(registry).unwrap();
    Router::new()
        .route("/marked", on_get(|| async { "x" }).layer(DoNotTrack).post(|| async { "y" }))
        .route("/sometimes", on_get(sometimes))
        .route("/static/{name}", on_get(|| async { "style" }))
        .route("/healthz", on_get(|| async { "alive" }))
        .merge(metrics.route("/metrics"))
        .layer(metrics)
        .with_state(())
}

fn counted(registry: &Registry) -> Vec<String> {
    let of = r#"http_server_requests_total{http_request_method=""#;
    let line =
        |line: String| line.replace(r#"",http_response_status_code="200",http_route=""#, " ").replace(r#""}"#, "");
    samples(registry, of).into_iter().map(line).collect()
}

#[tokio::test]
async fn marked_handlers_and_excluded_paths_are_not_counted() {
    let registry = Registry::new();
    let app = app(&registry);
    for path in ["/marked", "/static/x.css", "/healthz", "/metrics", "/sometimes", "/sometimes?quiet", "/sometimes"] {
        get(&app, path).await;
    }
    app.clone().oneshot(request("POST", "/marked")).await.unwrap();
    assert_eq!(counted(&registry), ["GET /sometimes 2", "POST /marked 1"]);
    assert_eq!(samples(&registry, r#"http_server_active_requests{http_request_method="GET"} "#), ["0"]);
}

#[tokio::test]
async fn a_scrape_does_not_count_itself_as_in_flight() {
    let registry = Registry::new();
    let app = app(&registry);
    get(&app, "/metrics").await;
    let text = get(&app, "/metrics").await.1;
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(
        text.contains("http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"} 0\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_marked_handler_does_not_hide_others_of_its_group() {
    let registry = Registry::new();
    let inner = Router::new().route("/marked", on_get(|| async { "x" }).layer(DoNotTrack));
    let inner = inner.route("/counted", on_get(|| async { "x" }));
    let metrics = HttpMetrics::flask().group_by("all", |_| "one".into()).register(&registry).unwrap();
    let app = Router::new()
        .route("/marked", on_get(|| async { "x" }).layer(DoNotTrack))
        .route("/counted", on_get(|| async { "x" }))
        .nest_service("/nested", inner)
        .layer(metrics)
        .with_state(());
    for _ in 0..2 {
        for prefix in ["", "/nested"] {
            get(&app, &format!("{prefix}/marked")).await;
        }
    }
    assert_eq!(samples(&registry, "flask_http_request_total"), [""; 0]);
    for prefix in ["", "/nested"] {
        get(&app, &format!("{prefix}/counted")).await;
    }
    assert!(samples(&registry, "flask_http_request_total").contains(&r#"{method="GET",status="200"} 2"#.to_owned()));
}

#[test]
fn a_pattern_that_is_none_is_an_error() {
    let error = HttpMetrics::new().exclude(["("]).register(&Registry::new()).unwrap_err();
    assert!(matches!(error, Error::Pattern { .. }));
    assert!(
        error.to_string().starts_with(r#"the pattern of excluded paths "(" is not a regular expression"#),
        "{error}"
    );
}
