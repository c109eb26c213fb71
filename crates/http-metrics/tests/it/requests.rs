//! Requests as they come and go.

use std::convert::Infallible;
use std::io;
use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::{get as on_get, post};
use axum::{Extension, Router};
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;
use http_body_util::BodyExt;
use prometheus::Registry;
use tower::ServiceExt;
use wharf_http_metrics::{Exception, HttpMetrics};

use crate::{get, panics, request, samples, whole};

type Chunk = Result<&'static str, Infallible>;

fn app(registry: &Registry) -> Router {
    let parts = || async { Body::from_stream(stream::iter([Chunk::Ok("a"), Ok("b")])) };
    let broken = || async { Body::from_stream(stream::iter([Ok("a"), Err(io::Error::other("lost"))])) };
    let caught = || async { (StatusCode::INTERNAL_SERVER_ERROR, Extension(Exception), "sorry").into_response() };
    Router::new()
        .route("/hits/{key}", on_get(|| async { "counted" }))
        .route("/empty", post(|| async { StatusCode::NO_CONTENT }))
        .route("/echo", post(|body: String| async { body }))
        .route("/parts", on_get(parts))
        .route("/broken", on_get(broken))
        .route("/large", on_get(|| async { vec![0_u8; 100_000] }))
        .route("/never", on_get(std::future::pending::<()>))
        .route("/panic", on_get(panics))
        .route("/caught", on_get(caught))
        .route("/error", on_get(|| async { StatusCode::BAD_GATEWAY }))
        .layer(HttpMetrics::new().register(registry).unwrap())
}

fn requests(registry: &Registry) -> Vec<String> {
    samples(registry, "http_server_requests_total")
}

fn active(registry: &Registry) -> Vec<String> {
    samples(registry, r#"http_server_active_requests{http_request_method="GET"} "#)
}

#[tokio::test]
async fn requests_are_counted_by_route_template_method_and_status() {
    let registry = Registry::new();
    let app = app(&registry);
    for key in ["a", "b", "c"] {
        assert_eq!(get(&app, &format!("/hits/{key}")).await.0, StatusCode::OK);
    }
    whole(&app, request("POST", "/hits/a")).await;
    whole(&app, request("POST", "/empty")).await;
    assert_eq!(
        requests(&registry),
        [
            r#"{http_request_method="GET",http_response_status_code="200",http_route="/hits/{key}"} 3"#,
            r#"{http_request_method="POST",http_response_status_code="204",http_route="/empty"} 1"#,
            r#"{http_request_method="POST",http_response_status_code="405",http_route="/hits/{key}"} 1"#,
        ]
    );
    let count = r#"_count{http_request_method="GET",http_response_status_code="200",http_route="/hits/{key}"} "#;
    assert_eq!(samples(&registry, &format!("http_server_request_duration_seconds{count}")), ["3"]);
}

#[tokio::test]
async fn unknown_paths_and_methods_share_one_label_value_each() {
    let registry = Registry::new();
    let app = app(&registry);
    for number in 0..100 {
        assert_eq!(get(&app, &format!("/nowhere/{number}")).await.0, StatusCode::NOT_FOUND);
        whole(&app, request(&format!("M{number}"), &format!("/nowhere/{number}"))).await;
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
    assert_eq!(requests(&registry), [r#"{error_type="cancelled",http_request_method="GET",http_route="/never"} 1"#]);
}

#[tokio::test]
async fn a_request_whose_handler_panicked_counts_as_an_exception() {
    let registry = Registry::new();
    let asked = AssertUnwindSafe(app(&registry).oneshot(request("GET", "/panic")));
    assert!(asked.catch_unwind().await.is_err());
    let labels = r#"{error_type="panic",http_request_method="GET",http_route="/panic"} 1"#;
    assert_eq!(requests(&registry), [labels]);
    assert_eq!(samples(&registry, "http_server_request_exceptions_total"), [labels]);
    assert_eq!(active(&registry), ["0"]);
}

#[tokio::test]
async fn an_error_is_no_exception_unless_its_response_says_so() {
    let registry = Registry::new();
    let app = app(&registry);
    get(&app, "/error").await;
    get(&app, "/caught").await;
    let error = r#"{error_type="502",http_request_method="GET",http_response_status_code="502",http_route="/error"} 1"#;
    let caught =
        r#"{error_type="exception",http_request_method="GET",http_response_status_code="500",http_route="/caught"} 1"#;
    assert_eq!(requests(&registry), [error, caught]);
    assert_eq!(samples(&registry, "http_server_request_exceptions_total"), [caught]);
}

#[tokio::test]
async fn a_body_that_fails_is_told_from_one_that_ends() {
    let registry = Registry::new();
    let response = app(&registry).oneshot(request("GET", "/broken")).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
    let labels =
        r#"{error_type="body_error",http_request_method="GET",http_response_status_code="200",http_route="/broken"} 1"#;
    assert_eq!(requests(&registry), [labels]);
    assert_eq!(active(&registry), ["0"]);
}

/// Sums of body sizes of all requests with this method and route: received, then sent.
fn sizes(registry: &Registry, labels: &str) -> [Vec<String>; 2] {
    ["request", "response"].map(|whose| samples(registry, &format!("http_server_{whose}_body_size_bytes_sum{labels} ")))
}

#[tokio::test]
async fn whole_bodies_are_measured_however_they_come() {
    let registry = Registry::new();
    let app = app(&registry);
    let of = |method, route| {
        format!(r#"{{http_request_method="{method}",http_response_status_code="200",http_route="{route}"}}"#)
    };
    let known = request("POST", "/echo").map(|_| Body::from("seven77"));
    assert_eq!(whole(&app, known).await.1, "seven77");
    assert_eq!(sizes(&registry, &of("POST", "/echo")), [["7"], ["7"]]);
    let streamed = stream::iter([Chunk::Ok("four"), Ok("five5")]).boxed();
    let streamed = request("POST", "/echo").map(|_| Body::from_stream(streamed));
    assert_eq!(whole(&app, streamed).await.1, "fourfive5");
    assert_eq!(sizes(&registry, &of("POST", "/echo")), [["16"], ["16"]]);
    get(&app, "/parts").await;
    assert_eq!(sizes(&registry, &of("GET", "/parts")), [["0"], ["2"]]);
    get(&app, "/large").await;
    assert_eq!(sizes(&registry, &of("GET", "/large")), [["0"], ["100000"]]);
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let registry = Registry::new();
    let app = app(&registry);
    assert_eq!(whole(&app, request("HEAD", "/large")).await.1.len(), 0);
    let labels = r#"{http_request_method="HEAD",http_response_status_code="200",http_route="/large"}"#;
    assert_eq!(sizes(&registry, labels), [["0"], ["0"]]);
}

#[tokio::test]
async fn a_large_body_that_is_cut_off_counts_as_far_as_it_came() {
    let registry = Registry::new();
    let app = app(&registry);
    drop(app.clone().oneshot(request("GET", "/large")).await.unwrap());
    let labels = r#"{http_request_method="GET",http_response_status_code="200",http_route="/large"}"#;
    assert_eq!(sizes(&registry, labels), [["0"], ["0"]]);
}

#[tokio::test]
async fn routes_within_others_have_their_whole_template() {
    let registry = Registry::new();
    let inner = Router::new().route("/users/{id}", on_get(|| async { "user" }));
    let metrics = HttpMetrics::new().register(&registry).unwrap();
    let app = Router::new().nest("/api", inner).layer(metrics);
    get(&app, "/api/users/7").await;
    get(&app, "/api/nothing").await;
    let of = |status, route| {
        format!(r#"{{http_request_method="GET",http_response_status_code="{status}",http_route="{route}"}} 1"#)
    };
    assert_eq!(requests(&registry), [of(200, "/api/users/{id}"), of(404, "unmatched")]);
}

#[tokio::test]
async fn the_protocols_version_is_a_label() {
    let registry = Registry::new();
    let app = app(&registry);
    let mut old = request("GET", "/hits/a");
    *old.version_mut() = http::Version::HTTP_10;
    whole(&app, old).await;
    let text = crate::exposed(&registry);
    assert!(text.contains(r#"http_route="/hits/{key}",network_protocol_version="1.0",url_scheme="http"} 1"#), "{text}");
}
