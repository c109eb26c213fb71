//! Answers that are pictures. Their status is always 200: GitHub's proxy for images, and others, show a broken picture
//! for any other one (docs/decisions/0036-people-and-pictures.md). What went wrong stands in the picture and in the log.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use crate::app::App;
use crate::badge::{self, Look, NumberFormat};
use crate::counter::CounterError;
use crate::key::Key;
use crate::reader::ReadError;
use crate::security;
use crate::unavailable::{Cause, caused};

/// Makes every proxy ask again; GitHub's (camo) obeys these. There is no `ETag`, so it never gets a 304.
const NEVER_CACHED: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate");

/// A transparent GIF of one pixel.
const PIXEL: [u8; 43] = [
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0xff, 0xff,
    0xff, // header, size, two colours
    0x21, 0xf9, 4, 1, 0, 0, 0, 0, // the first colour is transparent
    0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, // one pixel of it
    0x3b,
];

/// What a badge says of `key`, whose total this is, and why a part of it is unknown.
pub(crate) async fn number(app: &App, key: &Key, format: NumberFormat, total: i64) -> (String, Option<Cause>) {
    if format != NumberFormat::Today {
        return (format.write(total), None);
    }
    match app.key_series(key, total).await {
        Ok(series) => {
            let today = series.summary(app.now(), &TimeZone::UTC).today.now;
            (badge::today(Some(today), total), None)
        }
        Err(ReadError::NotKept) => ("no history is kept".to_owned(), None),
        Err(ReadError::Away(error)) => (badge::today(None, total), Some(Cause(error))),
    }
}

/// The badge of `key` with this count, or one that says why there is none.
pub(crate) async fn badge(app: &App, key: &Key, look: &Look, count: Result<i64, CounterError>) -> Response {
    match count {
        Ok(total) => {
            let (number, cause) = number(app, key, look.format, total).await;
            caused(svg(badge::count(look, &number)), cause)
        }
        Err(CounterError::KeysExhausted) => svg(badge::no_room(look)),
        Err(error) => caused(svg(badge::out_of_reach(look)), Some(Cause::new(error))),
    }
}

/// The badge of an address that is wrong.
pub(crate) fn refused(what: &str, why: impl ToString) -> Response {
    svg(badge::refused(what, &why.to_string()))
}

/// A drawing.
pub(crate) fn svg(text: String) -> Response {
    answer("image/svg+xml; charset=utf-8", text)
}

/// A picture that nobody sees. It cannot say what went wrong, so only the log does.
pub(crate) fn pixel(error: Option<CounterError>) -> Response {
    caused(answer("image/gif", &PIXEL[..]), error.map(Cause::new))
}

/// A picture that any page may show and no cache keeps.
fn answer(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut response = ([NEVER_CACHED, (header::CONTENT_TYPE, kind)], body).into_response();
    security::embeddable(response.headers_mut());
    response
}
