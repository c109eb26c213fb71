//! Counting a request allocates nothing once its series exists. This is a separate binary because of its allocator.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::hint::black_box;

use allocation_counter::measure;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::Request;
use http_body_util::BodyExt;
use prometheus::Registry;
use tower::layer::layer_fn;
use tower::{Layer, Service, ServiceExt};
use wharf_http_metrics::{HttpMetrics, Labels};

const REQUESTS: u64 = 1000;

fn router() -> Router {
    Router::new()
        .route("/hits/{key}", get(|| async { "counted" }))
        .route("/order", post(|body: String| async { body }))
        .route("/nothing", get(|| async {}))
}

/// Allocations of many requests, after the first ones.
fn allocations(app: Router, request: impl Fn() -> Request<Body>) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut service = app.with_state(()).into_service::<Body>();
    let mut ask = |times| {
        runtime.block_on(async {
            for _ in 0..times {
                let response = service.ready().await.unwrap().call(request()).await.unwrap();
                black_box(response.into_body().collect().await.unwrap().to_bytes());
            }
        });
    };
    ask(10);
    measure(|| ask(REQUESTS)).count_total
}

fn hit() -> Request<Body> {
    Request::get("/hits/a").header("x-tenant", "a").body(Body::empty()).unwrap()
}

fn order() -> Request<Body> {
    Request::post("/order").body(Body::from("three of these")).unwrap()
}

/// axum boxes each handler once more for a layer, whatever the layer does.
fn with_a_layer_that_does_nothing() -> Router {
    router().layer(layer_fn(|service: axum::routing::Route| service))
}

#[test]
fn counting_a_request_allocates_nothing() {
    let requests = [
        ("hit", hit as fn() -> Request<Body>),
        ("order", order),
        ("nothing", || Request::get("/nothing").body(Body::empty()).unwrap()),
        ("nowhere", || Request::get("/nowhere").body(Body::empty()).unwrap()),
    ];
    for (name, request) in requests {
        let without = allocations(with_a_layer_that_does_nothing(), request);
        assert!(without > REQUESTS, "the counter counts: {without}");
        let metrics = HttpMetrics::new().register(&Registry::new()).unwrap();
        assert_eq!(allocations(router().layer(metrics), request), without, "{name}");
    }
}

#[test]
fn neither_do_groups_labels_and_patterns() {
    let tenant = Labels::new()
        .from_request("tenant", |request| request.headers()["x-tenant"].to_str().unwrap_or_default().into())
        .from_response("type", |response| {
            response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().into()
        });
    let without = allocations(with_a_layer_that_does_nothing(), hit);
    for metrics in [
        HttpMetrics::flask(),
        HttpMetrics::new().group_by("host", |request| request.uri().host().unwrap_or_default().into()),
        HttpMetrics::new().labels(tenant),
        HttpMetrics::new().exclude(["/static/", "/healthz$"]),
        HttpMetrics::new().exclude(["/hits/"]),
    ] {
        let name = format!("{metrics:?}");
        let metrics = metrics.register(&Registry::new()).unwrap();
        assert_eq!(allocations(router().layer(metrics), hit), without, "{name}");
    }
}

#[test]
fn neither_do_metrics_of_one_handler() {
    let metrics = HttpMetrics::new().register(&Registry::new()).unwrap();
    let status = Labels::new()
        .from_response("code", |response| if response.status().is_success() { "2xx".into() } else { "other".into() });
    for layer in [
        metrics.counter("c_total", "C.", status.clone()).unwrap(),
        metrics.gauge("g", "G.", Labels::new()).unwrap(),
        metrics.histogram("h", "H.", status).unwrap(),
    ] {
        let without = allocations(with_a_layer_that_does_nothing(), hit);
        assert_eq!(allocations(router().layer(layer), hit), without);
    }
}

#[test]
fn a_service_that_is_no_router_is_given_nothing_to_allocate() {
    let metrics = HttpMetrics::new().register(&Registry::new()).unwrap();
    let mut service = metrics.layer(tower::service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut ask = || {
        let request = Request::new(Body::empty());
        let counted = measure(|| {
            black_box(runtime.block_on(service.call(request)).unwrap());
        });
        counted.count_total
    };
    ask();
    // The allocation of `Body::empty`, which is created for each answer.
    let body = measure(|| drop(black_box(Body::empty()))).count_total;
    assert_eq!(ask(), body);
}
