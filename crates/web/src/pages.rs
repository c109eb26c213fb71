//! The pages that people see.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::counter::CounterError;
use crate::form::{self, Form};
use crate::peer::Peer;
use crate::people::Client;
use crate::unavailable::{COUNTER_AWAY, COUNTER_TITLE, Cause, unavailable};
use crate::{assets, builder};

/// Pages show the present, so no cache keeps them.
pub(crate) const NEVER_STORED: [(header::HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Bytes that most pages are shorter than.
const PAGE: usize = 1024;

/// Number of headers of a finished page.
const HEADERS: usize = 8;

/// The paths of the assets that every page uses. None of their characters needs an escape.
pub(crate) struct Frame {
    pub(crate) style: String,
    pub(crate) icon: String,
}

impl Frame {
    /// The frame, which is the same for all pages.
    pub(crate) fn get() -> &'static Self {
        static FRAME: LazyLock<Frame> =
            LazyLock::new(|| Frame { style: assets::url("style.css"), icon: assets::url("icon.svg") });
        &FRAME
    }
}

#[derive(Template)]
#[template(path = "greeting.html")]
struct Greeting<'a> {
    frame: &'static Frame,
    replica: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "count.html")]
struct Count<'a> {
    frame: &'static Frame,
    replica: &'a str,
    count: i64,
    count_for_people: String,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Explanation<'a> {
    frame: &'static Frame,
    message: &'a Message,
    /// What was asked for.
    address: &'a str,
    /// The request's id, which the log has, too.
    id: &'a str,
}

/// One thing that is said instead of the page that was asked for. It travels with the response to the code that knows the
/// request's id, which makes a page of it ([`explain`]).
#[derive(Clone, Debug)]
pub(crate) struct Message {
    title: &'static str,
    text: String,
    /// Whether the same request may succeed soon.
    again: bool,
}

/// A request that could not be answered in time. The client gets a page; the cause is for the log.
pub(crate) struct Unavailable(pub(crate) Cause);

impl From<CounterError> for Unavailable {
    fn from(error: CounterError) -> Self {
        Self(Cause::new(error))
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        unavailable(message(StatusCode::SERVICE_UNAVAILABLE, COUNTER_TITLE, COUNTER_AWAY), self.0)
    }
}

/// `GET /`: the welcome page with the builder of badges. With a configured greeting it shows that instead, and counts the
/// visit.
pub(crate) async fn welcome(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Unavailable> {
    let (frame, replica, form) = (Frame::get(), &*app.replica, Form::of(&headers));
    let Some(greeting) = &app.greeting else {
        let page = || build_badge(&app, query.as_deref(), peer, &headers);
        return Ok(form.answer(page, || form::welcome(replica)));
    };
    let text = form::greeting(greeting, app.counter.increment().await?);
    Ok(form.answer(|| html(&Greeting { frame, replica, text: &text }), || format!("{text}\n")))
}

/// `GET /badge`: the builder of badges, also where `/` shows a greeting.
pub(crate) async fn badge(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Response {
    build_badge(&app, query.as_deref(), peer, &headers)
}

fn build_badge(app: &App, query: Option<&str>, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> Response {
    let origin = Client::of(headers, peer.map(|Extension(Peer(address))| address), &app.proxies).origin;
    builder::page(&app.replica, query.unwrap_or_default(), &origin)
}

/// `GET /count`: counts this visit.
pub(crate) async fn count(State(app): State<Arc<App>>, form: Form) -> Result<Response, Unavailable> {
    let count = app.counter.increment().await?;
    let (frame, replica) = (Frame::get(), &*app.replica);
    Ok(form.answer(
        || html(&Count { frame, replica, count, count_for_people: grouped(count) }),
        || form::lines(&form::counted(count, "visit"), replica),
    ))
}

/// `HEAD /count`: asking for the head alone is not a visit.
pub(crate) async fn count_head(form: Form) -> Response {
    form.head()
}

/// Every path without a route.
pub(crate) async fn not_found() -> Response {
    message(StatusCode::NOT_FOUND, "Nothing here", "There is no page at this address.")
}

/// `GET /static/{name}`.
pub(crate) async fn asset(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    match assets::answer(&name, query.as_deref(), &headers) {
        Some(response) => response,
        None => not_found().await,
    }
}

/// A page that says one thing. [`explain`] completes it.
pub(crate) fn message(status: StatusCode, title: &'static str, text: &str) -> Response {
    let again = status == StatusCode::SERVICE_UNAVAILABLE;
    let mut response = status.into_response();
    response.extensions_mut().insert(Message { title, text: text.to_owned(), again });
    response
}

/// Makes the page of a [`message`], or a line of plain text, for a request for `uri` with this id.
pub(crate) fn explain(response: Response, uri: &Uri, id: &str, form: Form) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(message) = parts.extensions.remove::<Message>() else { return Response::from_parts(parts, body) };
    // A path that begins with two slashes would be another host.
    let address = uri.path_and_query().map(|address| address.as_str()).filter(|address| !address.starts_with("//"));
    let address = address.unwrap_or("/");
    let page = || html(&Explanation { frame: Frame::get(), message: &message, address, id });
    let page = form.answer(page, || format!("{}\n", message.text));
    let (page, body) = page.into_parts();
    parts.headers.extend(page.headers);
    Response::from_parts(parts, body)
}

pub(crate) fn html(page: &impl Template) -> Response {
    let mut text = String::with_capacity(PAGE);
    match page.render_into(&mut text) {
        Ok(()) => {
            let mut response = Response::new(Body::from(text));
            let headers = response.headers_mut();
            // Reserves room for the headers that every answer gets later: growing the map would copy it.
            headers.reserve(HEADERS);
            headers.insert(header::CONTENT_TYPE, HTML);
            headers.extend(NEVER_STORED);
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A number with narrow spaces between groups of three digits, as in SI: `1 234 567`.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let first = digits.len() % 3;
    let mut text = String::with_capacity(2 * digits.len() + 1);
    text.push_str(if number < 0 { "-" } else { "" });
    text.push_str(&digits[..first]);
    for start in (first..digits.len()).step_by(3) {
        text.push_str(if start > 0 { "\u{202f}" } else { "" });
        text.push_str(&digits[start..start + 3]);
    }
    text
}

/// A number and its noun: `1 visit`, `1 234 visits`.
pub(crate) fn counted(number: i64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_is_asked_for_most_fits_its_buffer() {
        for count in [1, 1_234_567, 99_999_999_999] {
            let replica = &"r".repeat(63);
            let page = Count { frame: Frame::get(), replica, count, count_for_people: grouped(count) };
            let text = page.render().unwrap();
            assert!(text.len() <= PAGE, "{} bytes: {text}", text.len());
        }
    }

    #[test]
    fn one_is_singular() {
        let page = |count| Count { frame: Frame::get(), replica: "r", count, count_for_people: grouped(count) };
        let (one, two) = (page(1).render().unwrap(), page(2).render().unwrap());
        assert!(one.contains("<title>1 visit –") && one.contains("</data> time</p>"), "{one}");
        assert!(two.contains("<title>2 visits –") && two.contains("</data> times</p>"), "{two}");
        assert_eq!([counted(1, "hit", "hits"), counted(0, "hit", "hits")], ["1 hit", "0 hits"]);
    }

    fn explained(status: StatusCode, uri: &'static str) -> (StatusCode, String) {
        let response = explain(message(status, "T", "<text>"), &Uri::from_static(uri), "id-1", Form::Page);
        let status = response.status();
        let body = futures_util::FutureExt::now_or_never(axum::body::to_bytes(response.into_body(), 1 << 20));
        (status, String::from_utf8(body.unwrap().unwrap().to_vec()).unwrap())
    }

    #[test]
    fn a_message_has_the_requests_id_and_a_way_on() {
        let (status, text) = explained(StatusCode::SERVICE_UNAVAILABLE, "/count?a=1&b=2");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains(">id-1</span>") && text.contains("&#60;text&#62;"), "{text}");
        assert!(text.contains("href=\"/count?a=1&#38;b=2\">Try again</a>"), "{text}");
        let (status, text) = explained(StatusCode::NOT_FOUND, "/nothing");
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(!text.contains("Try again") && text.contains("href=\"/\">To the first page</a>"), "{text}");
    }

    #[test]
    fn try_again_leads_to_no_other_host() {
        let (_, text) = explained(StatusCode::SERVICE_UNAVAILABLE, "//elsewhere.example/count");
        assert!(!text.contains("elsewhere"), "{text}");
    }

    #[test]
    fn large_numbers_are_grouped() {
        let spaced = |number| grouped(number).replace('\u{202f}', " ");
        assert_eq!(spaced(7), "7");
        assert_eq!(spaced(999), "999");
        assert_eq!(spaced(1_000), "1 000");
        assert_eq!(spaced(1_234_567), "1 234 567");
        assert_eq!(spaced(-1_234), "-1 234");
        assert_eq!(spaced(i64::MAX), "9 223 372 036 854 775 807");
    }

    #[test]
    fn names_are_escaped() {
        let page = Greeting { frame: Frame::get(), replica: "<script>", text: "<script>" };
        let text = page.render().unwrap();
        assert!(!text.contains("<script>"), "{text}");
    }
}
