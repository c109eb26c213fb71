//! An application's own labels on all metrics.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use futures_util::FutureExt;
use http::Request;
use prometheus::Registry;
use tower::ServiceExt;
use wharf_http_metrics::{Error, HttpMetrics, Labels};

use crate::{exposed, request, samples, whole};

fn tenant() -> Labels {
    Labels::new()
        .fixed("region", "eu")
        .from_request("tenant", |request| {
            request.headers().get("x-tenant").and_then(|value| value.to_str().ok()).unwrap_or("none").into()
        })
        .from_response("code", |response| response.status().as_str().to_owned().into())
}

#[tokio::test]
async fn fixed_and_computed_labels_are_on_what_is_made_of_requests() {
    let registry = Registry::new();
    let app = Router::new()
        .route("/", on_get(|| async { "x" }))
        .route("/never", on_get(std::future::pending::<()>))
        .layer(HttpMetrics::flask().labels(tenant()).register(&registry).unwrap());
    for tenant in ["a", "b", "a"] {
        whole(&app, Request::get("/").header("x-tenant", tenant).body(Body::empty()).unwrap()).await;
    }
    assert!(app.oneshot(request("GET", "/never")).now_or_never().is_none());
    assert_eq!(
        samples(&registry, "flask_http_request_total"),
        [
            r#"{code="200",method="GET",region="eu",status="200",tenant="a"} 2"#,
            r#"{code="200",method="GET",region="eu",status="200",tenant="b"} 1"#,
            r#"{code="499",method="GET",region="eu",status="499",tenant="none"} 1"#,
        ]
    );
}

#[tokio::test]
async fn the_gauge_of_requests_in_flight_has_the_fixed_ones_alone() {
    let registry = Registry::new();
    let app = Router::new()
        .route("/", on_get(|| async { "x" }))
        .route("/never", on_get(std::future::pending::<()>))
        .layer(HttpMetrics::new().labels(tenant()).register(&registry).unwrap());
    for tenant in ["a", "b", "a"] {
        whole(&app, Request::get("/").header("x-tenant", tenant).body(Body::empty()).unwrap()).await;
    }
    assert!(app.oneshot(request("GET", "/never")).now_or_never().is_none());
    let of = |tenant, count| {
        format!(
            r#"{{code="200",http_request_method="GET",http_response_status_code="200",http_route="/",region="eu",tenant="{tenant}"}} {count}"#
        )
    };
    let cancelled = r#"{code="499",error_type="cancelled",http_request_method="GET",http_route="/never",region="eu",tenant="none"} 1"#;
    assert_eq!(samples(&registry, "http_server_requests_total"), [of("a", 2), of("b", 1), cancelled.to_owned()]);
    assert_eq!(samples(&registry, r#"http_server_active_requests{http_request_method="GET",region="eu"} "#), ["0"]);
}

#[test]
fn a_label_that_the_metric_has_already_is_refused() {
    for (metrics, label) in [
        (HttpMetrics::flask().labels(Labels::new().fixed("status", "fine")), "status"),
        (HttpMetrics::new().labels(Labels::new().from_request("http_route", |_| "/".into())), "http_route"),
        (HttpMetrics::new().labels(Labels::new().fixed("__name", "x")), "__name"),
        (HttpMetrics::new().labels(Labels::new().fixed("le", "x")), "le"),
    ] {
        match metrics.register(&Registry::new()) {
            Err(Error::Label { label: found, .. }) => assert_eq!(found, label),
            other => panic!("{label}: {other:?}"),
        }
    }
}

#[test]
fn the_scheme_is_a_fixed_label_that_can_be_changed() {
    let registry = Registry::new();
    HttpMetrics::new().labels(Labels::new().fixed("url_scheme", "https")).register(&registry).unwrap();
    assert!(exposed(&registry).contains(r#"{http_request_method="GET",url_scheme="https"} 0"#));
}
