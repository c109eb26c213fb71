//! The layer on real routers: what is counted, under which labels, and when.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![expect(clippy::print_stderr, reason = "a test that cannot run here says so")]

mod cardinality;
mod exposed;
mod flask;
mod handlers;
mod labels;
mod ports;
mod promtool;
mod requests;
mod untracked;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use prometheus::{Registry, TextEncoder};
use tower::ServiceExt;

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

async fn whole(app: &Router, request: Request<Body>) -> (StatusCode, Bytes) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

/// Sends a GET request.
async fn get(app: &Router, path: &str) -> (StatusCode, Bytes) {
    whole(app, request("GET", path)).await
}

fn exposed(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
}

/// The samples that start with this prefix, without the prefix and without labels that are the same in most tests.
fn samples(registry: &Registry, beginning: &str) -> Vec<String> {
    let text = exposed(registry).replace(r#",network_protocol_version="1.1""#, "").replace(r#",url_scheme="http""#, "");
    text.lines().filter_map(|line| line.strip_prefix(beginning)).map(str::to_owned).collect()
}

async fn panics() {
    panic!("nothing is here");
}
