//! Metrics for one handler.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::routing::get as on_get;
use futures_util::FutureExt;
use http::StatusCode;
use prometheus::Registry;
use tower::ServiceExt;
use wharf_http_metrics::{DoNotTrack, Error, ExcludeAllMetrics, HttpMetrics, HttpMetricsLayer, Labels};

use crate::{exposed, get, panics, request, samples};

fn metrics(registry: &Registry) -> HttpMetricsLayer {
    HttpMetrics::new().labels(Labels::new().fixed("region", "eu")).exclude(["/excluded"]).register(registry).unwrap()
}

fn status() -> Labels {
    Labels::new().from_response("status", |response| response.status().as_str().to_owned().into())
}

#[tokio::test]
async fn a_counter_counts_what_its_labels_tell_apart() {
    let registry = Registry::new();
    let metrics = metrics(&registry);
    let path = status().from_request("path", |request| request.uri().path().into());
    let counter = metrics.counter("orders_total", "Orders.", path).unwrap();
    let answer = |status| on_get(move || async move { status }).layer(counter.clone());
    let app = Router::new()
        .route("/good", answer(StatusCode::OK))
        .route("/bad/{x}", answer(StatusCode::BAD_REQUEST))
        .route("/excluded", answer(StatusCode::OK))
        .route("/other", on_get(|| async { "not counted" }))
        .layer(metrics);
    for path in ["/good", "/good", "/bad/1", "/excluded", "/other"] {
        get(&app, path).await;
    }
    assert_eq!(
        samples(&registry, "orders_total"),
        [r#"{path="/bad/1",region="eu",status="400"} 1"#, r#"{path="/good",region="eu",status="200"} 2"#]
    );
}

#[tokio::test]
async fn a_gauge_is_up_while_the_handler_runs() {
    let registry = Registry::new();
    let gauge = metrics(&registry).gauge("running", "Running.", Labels::new()).unwrap();
    let app: Router = Router::new()
        .route("/never", on_get(std::future::pending::<()>).layer(gauge.clone()))
        .route("/panic", on_get(panics).layer(gauge.clone()))
        .route("/soon", on_get(|| async { "done" }).route_layer(ExcludeAllMetrics).layer(gauge));
    let running = || samples(&registry, r#"running{region="eu"} "#);
    assert_eq!(running(), ["0"], "it is there from the start");
    let mut waiting = Box::pin(app.clone().oneshot(request("GET", "/never")));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(running(), ["1"]);
    drop(waiting);
    assert_eq!(running(), ["0"]);
    get(&app, "/soon").await;
    assert_eq!(running(), ["0"]);
    assert!(AssertUnwindSafe(app.oneshot(request("GET", "/panic"))).catch_unwind().await.is_err());
    assert_eq!(running(), ["0"]);
}

#[tokio::test]
async fn durations_are_histograms_or_summaries() {
    let registry = Registry::new();
    let metrics = metrics(&registry);
    let histogram = metrics.histogram_with_buckets("render_seconds", "Rendering.", status(), &[0.5, 60.0]).unwrap();
    let summary = metrics.summary("wait_seconds", "Waiting.", Labels::new()).unwrap();
    let app =
        Router::new().route("/", on_get(|| async { "x" }).route_layer(histogram).route_layer(summary)).layer(metrics);
    get(&app, "/").await;
    assert_eq!(
        samples(&registry, r#"render_seconds_bucket{region="eu",status="200",le="#),
        [r#""0.5"} 1"#, r#""60"} 1"#, r#""+Inf"} 1"#]
    );
    assert_eq!(samples(&registry, r#"wait_seconds_count{region="eu"} "#), ["1"]);
}

#[tokio::test]
async fn what_ended_without_a_response_is_counted_as_if_it_had_one() {
    let registry = Registry::new();
    let counter = metrics(&registry).counter("calls_total", "Calls.", status()).unwrap();
    let app: Router = Router::new()
        .route("/never", on_get(std::future::pending::<()>))
        .route("/panic", on_get(panics))
        .layer(counter);
    assert!(app.clone().oneshot(request("GET", "/never")).now_or_never().is_none());
    assert!(AssertUnwindSafe(app.oneshot(request("GET", "/panic"))).catch_unwind().await.is_err());
    assert_eq!(
        samples(&registry, "calls_total"),
        [r#"{region="eu",status="499"} 1"#, r#"{region="eu",status="500"} 1"#]
    );
}

#[tokio::test]
async fn a_handler_that_is_not_tracked_still_feeds_its_own_metrics() {
    let registry = Registry::new();
    let metrics = metrics(&registry);
    let calls = metrics.counter("calls_total", "Calls.", Labels::new()).unwrap();
    let app = Router::new()
        .route("/own", on_get(|| async { "x" }).route_layer(DoNotTrack).route_layer(calls.clone()))
        .route("/none", on_get(|| async { "x" }).route_layer(ExcludeAllMetrics).layer(calls))
        .layer(metrics);
    get(&app, "/own").await;
    get(&app, "/none").await;
    assert_eq!(samples(&registry, r#"calls_total{region="eu"} "#), ["1"]);
    assert_eq!(samples(&registry, "http_server_requests_total"), [""; 0]);
}

#[test]
fn an_info_is_a_gauge_of_one_that_may_change() {
    let registry = Registry::new();
    let metrics = HttpMetrics::new().register(&registry).unwrap();
    let info = metrics.info("app_info", "About.", &[("version", "1.0.3")]).unwrap();
    assert_eq!(samples(&registry, "app_info"), [r#"{version="1.0.3"} 1"#]);
    info.set(42.5);
    assert!(exposed(&registry).contains("\napp_info{version=\"1.0.3\"} 42.5\n"));
}

#[test]
fn what_cannot_be_made_is_said_at_the_start() {
    let registry = Registry::new();
    let metrics = metrics(&registry);
    metrics.counter("a_total", "A.", Labels::new()).unwrap();
    let twice = metrics.counter("a_total", "A.", Labels::new()).unwrap_err();
    assert!(twice.to_string().starts_with("the registry did not take a_total: "), "{twice}");
    assert!(matches!(metrics.counter("no name", "B.", Labels::new()), Err(Error::Description { .. })));
    assert!(matches!(metrics.gauge("g", "G.", status()), Err(Error::Label { .. })));
    assert!(matches!(metrics.histogram("h", "H.", Labels::new().fixed("le", "1")), Err(Error::Label { .. })));
    let unsorted = metrics.histogram_with_buckets("h", "H.", Labels::new(), &[2.0, 1.0]);
    assert_eq!(
        unsorted.unwrap_err().to_string(),
        r#"the metric "h" cannot have these buckets: 1 comes after 2 but is not greater"#
    );
}
