//! `/hits/{key}` and `/hits/{key}.svg`: counting for a key of the visitor's choice.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::app::App;
use crate::badge;
use crate::counter::CounterError;
use crate::key::{Key, KeyError, View};
use crate::pages::{self, Frame, NEVER_STORED, Unavailable, grouped, html};
use crate::security;
use crate::unavailable::{Cause, unavailable};

/// Makes every proxy ask again; GitHub's (camo) obeys these. There is no `ETag`, so it never gets a 304.
const NEVER_CACHED: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate");

#[derive(Template)]
#[template(path = "hits.html")]
struct Hits<'a> {
    frame: &'static Frame,
    replica: &'a str,
    key: &'a Key,
    count: i64,
    count_for_people: String,
}

/// The view that a path asks for. A path that is not UTF-8 is a bad key.
fn view(path: Result<Path<String>, PathRejection>) -> Result<View, KeyError> {
    let Path(text) = path.map_err(|_| KeyError::Character)?;
    text.parse()
}

/// `GET /hits/{key}` and `GET /hits/{key}.svg`: counts, and shows the key's count.
pub(crate) async fn hit(State(app): State<Arc<App>>, path: Result<Path<String>, PathRejection>) -> Response {
    match view(path) {
        Ok(View::Page(key)) => page(&app, &key).await,
        Ok(View::Badge(key)) => picture(app.counter.hit(&key).await),
        Err(error) => bad_key(error),
    }
}

/// `HEAD`: asking for the head alone is not a hit.
pub(crate) async fn head(path: Result<Path<String>, PathRejection>) -> Response {
    match view(path) {
        Ok(View::Page(_)) => (NEVER_STORED, Html("")).into_response(),
        Ok(View::Badge(_)) => svg(StatusCode::OK, String::new()),
        Err(error) => bad_key(error),
    }
}

async fn page(app: &App, key: &Key) -> Response {
    match app.counter.hit(key).await {
        Ok(count) => {
            let frame = Frame::get();
            html(&Hits { frame, replica: &app.replica, key, count, count_for_people: grouped(count) })
        }
        Err(CounterError::KeysExhausted) => {
            let text = "So many keys are counted that no new one is taken. Known keys are still counted.";
            pages::message(StatusCode::FORBIDDEN, "No room for a new key", text)
        }
        Err(error) => Unavailable::from(error).into_response(),
    }
}

fn picture(count: Result<i64, CounterError>) -> Response {
    match count {
        Ok(count) => svg(StatusCode::OK, badge::count(count)),
        Err(CounterError::KeysExhausted) => svg(StatusCode::FORBIDDEN, badge::no_room()),
        Err(error) => unavailable(svg(StatusCode::SERVICE_UNAVAILABLE, badge::out_of_reach()), Cause::new(error)),
    }
}

fn svg(status: StatusCode, text: String) -> Response {
    let kind = (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8");
    let mut response = (status, [NEVER_CACHED, kind], text).into_response();
    security::embeddable(response.headers_mut());
    response
}

fn bad_key(error: KeyError) -> Response {
    pages::message(StatusCode::BAD_REQUEST, "Not a key", &error.to_string())
}
