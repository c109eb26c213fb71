//! An application that shows on dashboards made for prometheus-flask-exporter, with metrics on a port of their own and
//! metrics for single handlers: `cargo run -p wharf-http-metrics --example flask`, then
//! `curl http://127.0.0.1:3000/order/tea` and `curl 'http://127.0.0.1:9000/metrics?name[]=orders_total'`.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use prometheus::Registry;
use tokio::net::TcpListener;
use wharf_http_metrics::{HttpMetrics, Labels, serve_metrics};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let metrics =
        HttpMetrics::flask().group_by_route().buckets([0.01, 0.1, 1.0]).exclude(["/static/"]).register(&registry)?;

    let status = Labels::new().from_response("status", |response| response.status().as_str().to_owned().into());
    let orders = metrics.counter("orders_total", "Orders, by how they went.", status)?;
    let reports = metrics.gauge("reports_running", "Reports that are being made.", Labels::new())?;
    let report_time = metrics.histogram("report_seconds", "How long a report takes.", Labels::new())?;

    let app = Router::new()
        .route("/order/{what}", get(order).route_layer(orders))
        .route("/report", get(report).route_layer(reports).route_layer(report_time))
        .layer(metrics);
    let scraped = tokio::spawn(serve_metrics(TcpListener::bind("127.0.0.1:9000").await?, registry));
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    scraped.await??;
    Ok(())
}

async fn order(Path(what): Path<String>) -> (StatusCode, String) {
    match what.as_str() {
        "tea" => (StatusCode::CREATED, "Your tea is coming.\n".to_owned()),
        other => (StatusCode::NOT_FOUND, format!("We have no {other}.\n")),
    }
}

async fn report() -> &'static str {
    tokio::time::sleep(Duration::from_millis(300)).await;
    "All is well.\n"
}
