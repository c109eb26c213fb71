//! `/api/v1/`: the counter for programs, and its OpenAPI description, which is generated from this file.
//!
//! `GET` reads and counts nothing; `POST` counts. Errors are problem details (RFC 9457).

pub(crate) mod history;
pub(crate) mod keys;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::counter::CounterError;
use crate::key::{Key, KeyError};
use crate::pages::NEVER_STORED;
use crate::reader::ReadError;
use crate::security;
use crate::slots::Stats;
use crate::stats::NOT_KEPT;
use crate::unavailable::{COUNTER_AWAY, Cause, HISTORY_AWAY, unavailable};

/// The prefix of all its paths.
pub(crate) const PREFIX: &str = "/api/v1/";

#[derive(OpenApi)]
#[openapi(
    info(title = "wharf-web", description = "A visit counter. `GET` looks and counts nothing, `POST` counts."),
    paths(count, count_one, hits, hit, history::of_key, keys::list, history::of_all, stats)
)]
struct Description;

/// All visits.
#[derive(Serialize, ToSchema)]
struct Count {
    /// Visits since counting began.
    #[schema(minimum = 0, example = 1234)]
    count: i64,
}

/// The hits of one key.
#[derive(Serialize, ToSchema)]
struct Hits {
    /// The key.
    #[schema(example = "my-project")]
    key: String,
    /// Hits since counting began; 0 for a key that is not known.
    #[schema(minimum = 0, example = 42)]
    count: i64,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The status code's name.
    title: &'static str,
    /// The status code.
    status: u16,
    /// What went wrong here, for people.
    detail: String,
    #[serde(skip)]
    cause: Option<Cause>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { title, status: status.as_u16(), detail: detail.into(), cause: None }
    }

    pub(crate) fn unavailable(detail: &str, cause: Cause) -> Self {
        Self { cause: Some(cause), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let cause = self.cause.take();
        let mut response = json(&self);
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        match cause {
            Some(cause) => unavailable(response, cause),
            None => response,
        }
    }
}

impl From<CounterError> for Problem {
    fn from(error: CounterError) -> Self {
        match error {
            CounterError::KeysExhausted => {
                Self::new(StatusCode::FORBIDDEN, "So many keys are counted that no new one is taken.")
            }
            error => Self::unavailable(COUNTER_AWAY, Cause::new(error)),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotKept => Self::new(StatusCode::NOT_FOUND, NOT_KEPT),
            ReadError::Away(cause) => Self::unavailable(HISTORY_AWAY, Cause(cause)),
        }
    }
}

/// The routes of the API, with their whole paths.
pub(crate) fn routes() -> Router<Arc<App>> {
    let description = Description::openapi();
    Router::new()
        .route("/api/v1/count", get(count).post(count_one))
        .route("/api/v1/hits/{key}", get(hits).post(hit))
        .route("/api/v1/hits/{key}/history", get(history::of_key))
        .route("/api/v1/history", get(history::of_all))
        .route("/api/v1/keys", get(keys::list))
        .route("/api/v1/stats", get(stats))
        .route("/api/v1/openapi.json", get(async move || json(&description)))
        .route("/api/v1/{*rest}", get(nothing_here).post(nothing_here))
}

/// An answer that pages of other origins may read and no cache keeps.
pub(crate) fn json(body: &impl Serialize) -> Response {
    let open = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))];
    let mut response = (NEVER_STORED, open, Json(body)).into_response();
    security::embeddable(response.headers_mut());
    response
}

fn key(path: Result<Path<String>, PathRejection>) -> Result<Key, KeyError> {
    let Path(text) = path.map_err(|_| KeyError::Character)?;
    text.parse()
}

async fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address; /api/v1/openapi.json lists what there is.")
}

/// All visits; counts nothing.
#[utoipa::path(get, path = "/api/v1/count", operation_id = "count", responses(
    (status = 200, description = "The visits", body = Count),
    (status = 503, description = "The counter cannot be reached", body = Problem, content_type = "application/problem+json"),
))]
async fn count(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    Ok(json(&Count { count: app.counter.visits().await? }))
}

/// Counts a visit.
#[utoipa::path(post, path = "/api/v1/count", operation_id = "count_one", responses(
    (status = 200, description = "The visits, this one included", body = Count),
    (status = 503, description = "The counter cannot be reached; the visit may have been counted", body = Problem, content_type = "application/problem+json"),
))]
async fn count_one(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    Ok(json(&Count { count: app.counter.increment().await? }))
}

/// The hits of a key; counts nothing.
#[utoipa::path(get, path = "/api/v1/hits/{key}", operation_id = "hits",
    params(("key" = String, Path, description = "1 to 64 letters, digits, `.`, `_`, `-`; a letter or digit first and last; not ending in `.svg`")),
    responses(
        (status = 200, description = "The key's hits", body = Hits),
        (status = 400, description = "Not a key", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The counter cannot be reached", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn hits(State(app): State<Arc<App>>, path: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    let key = key(path)?;
    Ok(json(&Hits { count: app.counter.hits(&key).await?, key: key.to_string() }))
}

/// Counts a hit for a key.
#[utoipa::path(post, path = "/api/v1/hits/{key}", operation_id = "hit",
    params(("key" = String, Path, description = "1 to 64 letters, digits, `.`, `_`, `-`; a letter or digit first and last; not ending in `.svg`")),
    responses(
        (status = 200, description = "The key's hits, this one included", body = Hits),
        (status = 400, description = "Not a key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A new key, and no more are taken", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The counter cannot be reached; the hit may have been counted", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn hit(State(app): State<Arc<App>>, path: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    let key = key(path)?;
    Ok(json(&Hits { count: app.counter.hit(&key).await?, key: key.to_string() }))
}

/// Visits by the hour and by the day.
#[utoipa::path(get, path = "/api/v1/stats", operation_id = "stats", responses(
    (status = 200, description = "The last 48 hours and the last 30 days", body = Stats),
    (status = 404, description = "No history is kept", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The history cannot be read", body = Problem, content_type = "application/problem+json"),
))]
async fn stats(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    Ok(json(&app.stats().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_path_with_its_answers() {
        let json = serde_json::to_value(Description::openapi()).unwrap();
        let paths: Vec<_> = json["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "/api/v1/count",
                "/api/v1/history",
                "/api/v1/hits/{key}",
                "/api/v1/hits/{key}/history",
                "/api/v1/keys",
                "/api/v1/stats",
            ]
        );
        assert_eq!(json["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
        let slot = &json["components"]["schemas"]["Slot"]["properties"]["start"];
        assert_eq!((&slot["type"], &slot["format"]), (&"string".into(), &"date-time".into()));
        let refused = &json["paths"]["/api/v1/hits/{key}"]["post"]["responses"]["403"];
        assert!(refused["content"]["application/problem+json"].is_object(), "{refused}");
    }
}
