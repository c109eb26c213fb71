//! `/healthz` and `/readyz`, the probes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::counter::Kept;

/// `GET /healthz`: this process answers. It ignores Redis and Postgres: restarting this process would not fix them.
pub(crate) async fn healthz() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    redis: Dependency,
    postgres: Dependency,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<Dependency>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Dependency {
    Up,
    Down,
    /// Not configured, so not needed.
    Unset,
}

impl From<bool> for Dependency {
    fn from(up: bool) -> Self {
        if up { Self::Up } else { Self::Down }
    }
}

/// `GET /readyz`: 200 while visits can be counted, else 503. Postgres is reported but does not decide: while it is away,
/// counting goes on and the history catches up later, so taking replicas out of service would only do harm.
///
/// The answer is what the tasks that watch Redis and Postgres saw last, about a second ago, or whether the last write to
/// the file succeeded. Nothing is asked for it.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let ready = app.counter.can_count();
    let postgres = app.history.as_ref();
    let postgres = postgres.map_or(Dependency::Unset, |history| (history.postgres_up.get() == 1).into());
    let (redis, store) = match app.counter.kept() {
        Kept::Redis(_) => (ready.into(), None),
        Kept::Sqlite(_) => (Dependency::Unset, Some(ready.into())),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(Readiness { ready, redis, postgres, store })).into_response()
}
