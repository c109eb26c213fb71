//! The layer on a real router: what is counted, under which labels, and when.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use prometheus::Registry;
use tower::ServiceExt;
use wharf_http_metrics::{HttpMetrics, exposition};

fn app(registry: &Registry) -> Router {
    let exposed = registry.clone();
    Router::new()
        .route("/hits/{key}", get(|| async { "counted" }))
        .route("/empty", post(|| async { StatusCode::NO_CONTENT }))
        .route("/parts", get(|| async { Body::from_stream(stream::iter(["a", "b"].map(Ok::<_, Infallible>))) }))
        .route("/never", get(std::future::pending::<()>))
        .route("/metrics", get(|| async move { exposition(&exposed) }))
        .layer(HttpMetrics::new().register(registry).unwrap())
}

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

async fn whole(app: &Router, method: &str, path: &str) -> (StatusCode, Bytes) {
    let response = app.clone().oneshot(request(method, path)).await.unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

/// The lines of the registry's exposition that start so, without the metric's name.
fn series(registry: &Registry, name: &str) -> Vec<String> {
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    text.lines().filter_map(|line| line.strip_prefix(name)).map(str::to_owned).collect()
}

fn requests(registry: &Registry) -> Vec<String> {
    series(registry, "http_server_requests_total")
}

fn active(registry: &Registry) -> Vec<String> {
    series(registry, r#"http_server_active_requests{http_request_method="GET"} "#)
}

#[tokio::test]
async fn requests_are_counted_by_route_template_method_and_status() {
    let registry = Registry::new();
    let app = app(&registry);
    for key in ["a", "b", "c"] {
        assert_eq!(whole(&app, "GET", &format!("/hits/{key}")).await.0, StatusCode::OK);
    }
    whole(&app, "POST", "/hits/a").await;
    whole(&app, "POST", "/empty").await;
    assert_eq!(
        requests(&registry),
        [
            r#"{http_request_method="GET",http_response_status_code="200",http_route="/hits/{key}"} 3"#,
            r#"{http_request_method="POST",http_response_status_code="204",http_route="/empty"} 1"#,
            r#"{http_request_method="POST",http_response_status_code="405",http_route="/hits/{key}"} 1"#,
        ]
    );
    let count = r#"_count{http_request_method="GET",http_response_status_code="200",http_route="/hits/{key}"} "#;
    assert_eq!(series(&registry, &format!("http_server_request_duration_seconds{count}")), ["3"]);
}

#[tokio::test]
async fn unknown_paths_and_methods_share_one_label_value_each() {
    let registry = Registry::new();
    let app = app(&registry);
    for number in 0..100 {
        assert_eq!(whole(&app, "GET", &format!("/nowhere/{number}")).await.0, StatusCode::NOT_FOUND);
        whole(&app, &format!("M{number}"), &format!("/nowhere/{number}")).await;
    }
    assert_eq!(
        requests(&registry),
        [
            r#"{http_request_method="GET",http_response_status_code="404",http_route="unmatched"} 100"#,
            r#"{http_request_method="_OTHER",http_response_status_code="404",http_route="unmatched"} 100"#,
        ]
    );
}

#[tokio::test]
async fn a_request_is_in_flight_until_its_body_has_ended() {
    let registry = Registry::new();
    let response = app(&registry).oneshot(request("GET", "/parts")).await.unwrap();
    assert_eq!(active(&registry), ["1"]);
    assert_eq!(requests(&registry), [""; 0]);

    let mut body = response.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    assert_eq!(active(&registry), ["1"]);
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
    assert!(body.frame().await.is_none());
    assert_eq!(active(&registry), ["0"]);
    assert_eq!(requests(&registry).len(), 1);
    drop(body);
    assert!(requests(&registry)[0].ends_with("} 1"), "measured once");
}

#[tokio::test]
async fn a_body_that_nobody_reads_to_its_end_is_measured_when_it_is_dropped() {
    let registry = Registry::new();
    drop(app(&registry).oneshot(request("GET", "/parts")).await.unwrap());
    assert_eq!(active(&registry), ["0"]);
    assert_eq!(
        requests(&registry),
        [r#"{http_request_method="GET",http_response_status_code="200",http_route="/parts"} 1"#]
    );
}

#[tokio::test]
async fn a_request_whose_client_went_away_has_no_status() {
    let registry = Registry::new();
    let mut waiting = Box::pin(app(&registry).oneshot(request("GET", "/never")));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(active(&registry), ["1"]);
    drop(waiting);
    assert_eq!(active(&registry), ["0"]);
    assert_eq!(
        requests(&registry),
        [r#"{http_request_method="GET",http_response_status_code="",http_route="/never"} 1"#]
    );
}

#[tokio::test]
async fn a_scrape_gets_the_text_format() {
    let registry = Registry::new();
    let app = app(&registry);
    whole(&app, "GET", "/hits/a").await;
    let response = app.clone().oneshot(request("GET", "/metrics")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4");
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    for name in ["http_server_requests_total", "http_server_request_duration_seconds", "http_server_active_requests"] {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} in {text}");
    }
}

#[test]
fn buckets_are_the_applications_choice() {
    let registry = Registry::new();
    HttpMetrics::new().buckets([0.1, 1.0]).register(&registry).unwrap();
    assert!(HttpMetrics::new().register(&registry).is_err(), "the names are taken");
    assert!(HttpMetrics::new().buckets([1.0, 0.1]).register(&Registry::new()).is_err(), "not ascending");
}
