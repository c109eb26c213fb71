use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::settings;

/// The application with a link to a Redis that nobody tries to reach.
fn app() -> Router {
    let registry = Registry::new();
    let instruments = Instruments::register(&registry, true).unwrap();
    let redis = settings::Redis { host: "localhost".into(), port: 1, password: None, timeout: Duration::from_secs(1) };
    let (counter, keeper) = Counter::new(redis, instruments.clone());
    // Without its keeper the link says at once that there will be no connection.
    drop(keeper);
    let app = App { counter, instruments, replica: "replica-1".into() };
    router(app, registry, Duration::from_secs(1)).unwrap()
}

async fn ask(request: axum::http::request::Builder) -> (Response<()>, String) {
    let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(head, ()), String::from_utf8(bytes.to_vec()).unwrap())
}

async fn get(path: &str) -> (Response<()>, String) {
    ask(Request::get(path)).await
}

#[tokio::test]
async fn the_first_page_welcomes_and_names_the_replica() {
    let (head, page) = get("/").await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(head.headers()["cache-control"], "no-store");
    assert!(page.contains("<h1>Welcome to the VisitCounter</h1>"), "{page}");
    assert!(page.contains("replica-1"), "{page}");
}

#[tokio::test]
async fn without_redis_a_visit_is_answered_503_with_a_time_to_retry() {
    let (head, page) = get("/count").await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(head.headers()["retry-after"], "2");
    assert!(page.contains("<h1>Out of reach</h1>"), "{page}");
}

#[tokio::test]
async fn a_look_at_the_counts_head_is_no_visit() {
    let (head, _) = ask(Request::head("/count")).await;
    assert_eq!(head.status(), StatusCode::OK, "Redis is not asked");
}

#[tokio::test]
async fn the_files_of_a_page_may_be_kept() {
    let (_, page) = get("/").await;
    let path = page.split('"').find(|text| text.starts_with("/static/style.css?v=")).unwrap();
    let (head, style) = get(path).await;
    assert_eq!(head.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(style.contains("harbour.svg"));

    let (head, picture) = get("/static/harbour.svg").await;
    assert_eq!(head.headers()["content-type"], "image/svg+xml");
    assert_eq!(head.headers()["cache-control"], "public, max-age=3600");
    assert!(picture.starts_with("<svg"));

    let etag = head.headers()["etag"].clone();
    let (head, body) = ask(Request::get("/static/harbour.svg").header("if-none-match", etag)).await;
    assert_eq!((head.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_too() {
    for path in ["/nowhere", "/static/nothing.css", "/static/../Cargo.toml"] {
        let (head, page) = get(path).await;
        assert_eq!(head.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains("<h1>Nothing here</h1>"), "{page}");
    }
}

#[tokio::test]
async fn alive_is_not_ready() {
    let (head, body) = get("/healthz").await;
    assert_eq!((head.status(), body.as_str()), (StatusCode::OK, "ok\n"));
    let (head, body) = get("/readyz").await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body, r#"{"ready":false,"redis":"down","postgres":"down"}"#);
}

#[tokio::test]
async fn a_request_keeps_its_id_or_gets_one() {
    let (head, _) = ask(Request::get("/").header("x-request-id", "abc-123")).await;
    assert_eq!(head.headers()["x-request-id"], "abc-123");
    let (head, _) = get("/count").await;
    assert_eq!(head.headers()["x-request-id"].len(), 32);
}

#[tokio::test]
async fn metrics_name_the_dependencies_and_the_routes() {
    let app = app();
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let body = app.clone().oneshot(request).await.unwrap().into_body();
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    };
    ask("/count").await;
    let text = ask("/metrics").await;
    for line in [
        "wharf_web_redis_up 0",
        "wharf_web_postgres_up 0",
        r#"http_server_requests_total{http_request_method="GET",http_response_status_code="503",http_route="/count"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}
