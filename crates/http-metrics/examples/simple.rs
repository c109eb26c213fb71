//! An application with metrics on the same port: `cargo run -p wharf-http-metrics --example simple`, then
//! `curl http://127.0.0.1:3000/hello/you` and `curl http://127.0.0.1:3000/metrics`.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use prometheus::{IntCounter, Registry};
use tokio::net::TcpListener;
use wharf_http_metrics::{DoNotTrack, HttpMetrics, register_process_metrics};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let metrics = HttpMetrics::new().register(&registry)?;
    register_process_metrics(&registry)?;
    metrics.info("hello_info", "About this example.", &[("version", env!("CARGO_PKG_VERSION"))])?;

    // A metric of the application's own.
    let letters = IntCounter::new("hello_letters_total", "Letters in all names that were greeted.")?;
    registry.register(Box::new(letters.clone()))?;
    let hello = async move |Path(name): Path<String>| {
        letters.inc_by(name.chars().count() as u64);
        format!("Hello, {name}!\n")
    };

    let app = Router::new()
        .route("/hello/{name}", get(hello))
        .route("/healthz", get(|| async { "alive\n" }).layer(DoNotTrack))
        .merge(metrics.route("/metrics"))
        .layer(metrics);
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}
