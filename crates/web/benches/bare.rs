//! What counting costs at least: axum, one connection to Redis that all requests share, and nothing else. A bench
//! compares `wharf-web` with it.
//!
//! Listens on `LISTEN_ADDR` (default 127.0.0.1:5003) and counts in the Redis at `REDIS_URL` (default
//! redis://127.0.0.1:6379/), under the key `visits`; `GET /count` gives the number as text, with `PADDING` bytes after it
//! (default 0).

use std::env;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use redis::aio::ConnectionManager;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = env::var("LISTEN_ADDR").unwrap_or_else(|_| "127.0.0.1:5003".into());
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/".into());
    let client = redis::Client::open(url).context("REDIS_URL")?;
    let redis = ConnectionManager::new(client).await.context("cannot reach Redis")?;
    let padding = env::var("PADDING").map_or(Ok(0), |bytes| bytes.parse()).context("PADDING")?;
    let padding: Arc<str> = " ".repeat(padding).into();
    let router = Router::new().route("/count", get(count)).with_state((redis, padding));
    let listener = TcpListener::bind(&address).await.with_context(|| format!("cannot listen on {address}"))?;
    axum::serve(listener, router).await.context("cannot serve")
}

async fn count(State((mut redis, padding)): State<(ConnectionManager, Arc<str>)>) -> Result<String, StatusCode> {
    let total: i64 =
        redis::cmd("INCR").arg("visits").query_async(&mut redis).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(format!("This page was visited {total} times.\n{padding}"))
}
