//! `/hits/{key}` and `/hits/{key}.svg`: counting for a key of the visitor's choice.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::api;
use crate::app::App;
use crate::badge::Look;
use crate::counter::CounterError;
use crate::form::{self, Form};
use crate::key::{Key, KeyError, Kind, View};
use crate::pages::{self, Frame, Unavailable, grouped, html};
use crate::picture;

#[derive(Template)]
#[template(path = "hits.html")]
struct Hits<'a> {
    frame: &'static Frame,
    replica: &'a str,
    key: &'a Key,
    count: i64,
    count_for_people: String,
}

/// The last part of the path. One that is not UTF-8 stays as it was sent, with signs that no key has.
pub(crate) fn last_part(path: Result<Path<String>, PathRejection>, uri: &Uri) -> String {
    match path {
        Ok(Path(text)) => text,
        Err(_) => uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// `GET /hits/{key}` and `GET /hits/{key}.svg`: counts, and shows the key's count.
pub(crate) async fn hit(
    State(app): State<Arc<App>>,
    form: Form,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Response {
    let View { kind, key } = View::of_hits(&last_part(path, &uri));
    let key = match key {
        Ok(key) => key,
        Err(error) => return no_key(kind, error),
    };
    if kind == Kind::Page {
        return page(&app, &key, form).await;
    }
    match Look::parse(uri.query().unwrap_or_default()) {
        Ok(look) => picture::badge(&app, &key, &look, app.counter.hit(&key).await).await,
        Err(parameter) => picture::refused(parameter.name(), parameter),
    }
}

/// `HEAD`: asking for the head alone is not a hit.
pub(crate) async fn head(form: Form, path: Result<Path<String>, PathRejection>, uri: Uri) -> Response {
    let View { kind, key } = View::of_hits(&last_part(path, &uri));
    match (kind, key) {
        (Kind::Page, Ok(_)) => form.head(),
        (Kind::Page, Err(error)) => no_key(kind, error),
        _ => picture::svg(String::new()),
    }
}

async fn page(app: &App, key: &Key, form: Form) -> Response {
    let (frame, replica) = (Frame::get(), &*app.replica);
    match app.counter.hit(key).await {
        Ok(count) => form.answer(
            || html(&Hits { frame, replica, key, count, count_for_people: grouped(count) }),
            || form::lines(&format!("{} for {key}", form::counted(count, "hit")), replica),
        ),
        Err(CounterError::KeysExhausted) => {
            let text = "So many keys are counted that no new one is taken. Known keys are still counted.";
            pages::message(StatusCode::FORBIDDEN, "No room for a new key", text)
        }
        Err(error) => Unavailable::from(error).into_response(),
    }
}

/// What is answered where no key is, of the kind that was asked for.
pub(crate) fn no_key(kind: Kind, error: KeyError) -> Response {
    match kind {
        Kind::Page => pages::message(StatusCode::BAD_REQUEST, "Not a key", &error.to_string()),
        Kind::Badge => picture::refused("not a key", error),
        Kind::Pixel => picture::pixel(None),
        Kind::Endpoint => api::Problem::from(error).into_response(),
    }
}
