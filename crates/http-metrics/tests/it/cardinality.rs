//! Clients cannot decide how many series there are.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use http::Request;
use prometheus::Registry;
use wharf_http_metrics::{HttpMetrics, Labels, OTHER, UNMATCHED};

use crate::{exposed, get, request, samples, whole};

fn app(metrics: HttpMetrics, registry: &Registry) -> Router {
    let metrics = metrics.register(registry).unwrap();
    Router::new().route("/hits/{key}", on_get(|| async { "counted" })).layer(metrics).with_state(())
}

fn series(registry: &Registry) -> usize {
    exposed(registry).lines().filter(|line| !line.starts_with('#')).count()
}

#[tokio::test]
async fn ten_thousand_unknown_paths_and_methods_make_no_series() {
    for metrics in [HttpMetrics::new(), HttpMetrics::flask()] {
        let registry = Registry::new();
        let app = app(metrics, &registry);
        for (method, path) in [("GET", "/hits/a"), ("GET", "/first"), ("BREW", "/first"), ("BREW", "/hits/a")] {
            whole(&app, request(method, path)).await;
        }
        let before = series(&registry);
        for number in 0..10_000 {
            get(&app, &format!("/nowhere/{number}")).await;
            whole(&app, request(&format!("M{number}"), &format!("/nowhere/{number}"))).await;
            whole(&app, request(&format!("M{number}"), "/hits/a")).await;
        }
        assert_eq!(series(&registry), before);
        assert!(exposed(&registry).contains(&format!("=\"{UNMATCHED}\"")));
    }
}

#[tokio::test]
async fn paths_have_series_of_their_own_up_to_a_limit() {
    let registry = Registry::new();
    let app = app(HttpMetrics::flask().label_sets_at_most(3), &registry);
    for number in 0..100 {
        get(&app, &format!("/hits/{number}")).await;
        get(&app, &format!("/nowhere/{number}")).await;
    }
    let counts = samples(&registry, r#"flask_http_request_duration_seconds_count{method="GET",path=""#);
    let expected = [("/hits/0", 1), ("/hits/1", 1), ("/hits/2", 1), (OTHER, 97), (UNMATCHED, 100)];
    let status = |path| if path == UNMATCHED { 404 } else { 200 };
    assert_eq!(counts, expected.map(|(path, count)| format!(r#"{path}",status="{}"}} {count}"#, status(path))));
}

#[tokio::test]
async fn computed_labels_have_series_of_their_own_up_to_a_limit() {
    let registry = Registry::new();
    let agent = |request: &Request<Body>| request.headers()["user-agent"].to_str().unwrap().to_owned();
    let labels = Labels::new()
        .from_request("agent", move |request| agent(request).into())
        .from_response("id", |response| response.headers().get("id").map_or("none", |id| id.to_str().unwrap()).into());
    let app = app(HttpMetrics::new().labels(labels).label_sets_at_most(2), &registry);
    for number in 0..50 {
        let request = Request::get("/hits/a").header("user-agent", format!("agent {number}"));
        whole(&app, request.body(Body::empty()).unwrap()).await;
    }
    let counts = samples(&registry, "http_server_requests_total");
    assert_eq!(counts.len(), 3, "{counts:?}");
    assert!(counts[0].starts_with(r#"{agent="_OTHER","#) && counts[0].ends_with(" 48"), "{counts:?}");
}

#[tokio::test]
async fn an_applications_own_methods_can_be_known() {
    let registry = Registry::new();
    let app = app(HttpMetrics::new().known_methods(["GET", "QUERY"]), &registry);
    for method in ["QUERY", "POST", "query"] {
        whole(&app, request(method, "/")).await;
    }
    let of = |method, count| {
        format!(r#"{{http_request_method="{method}",http_response_status_code="404",http_route="unmatched"}} {count}"#)
    };
    assert_eq!(samples(&registry, "http_server_requests_total"), [of("QUERY", 1), of(OTHER, 2)]);
}
