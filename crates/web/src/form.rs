//! In which form a client reads an answer: as a page, or as plain text in a terminal.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use crate::pages::NEVER_STORED;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// HTML, as browsers ask for it.
    Page,
    /// Plain text, for `curl` and for programs that say nothing of the kind.
    Text,
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// What an answer varies with.
const ACCEPT: HeaderValue = HeaderValue::from_static("accept");

impl Form {
    /// The form that these headers ask for. A request without `Accept`, or with `*/*` alone, comes from no browser's window.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut accepts = headers.get_all(header::ACCEPT).iter();
        let (Some(accept), None) = (accepts.next(), accepts.next()) else {
            return if headers.contains_key(header::ACCEPT) { Self::Page } else { Self::Text };
        };
        match accept.as_bytes() {
            b"" | b"*/*" => Self::Text,
            accept => match std::str::from_utf8(accept) {
                // What browsers send has no such word, so this is all that it costs.
                Ok(accept) if accept.contains("plain") => Self::preferred(accept),
                _ => Self::Page,
            },
        }
    }

    /// Plain text if `Accept` names it, and HTML not at all or with a smaller weight.
    fn preferred(accept: &str) -> Self {
        let weight = |wanted: &str| {
            accept.split(',').find_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let named = parts.next() == Some(wanted);
                let weight = || parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
                named.then(weight)
            })
        };
        let (text, html) = (weight("text/plain").unwrap_or(0.0), weight("text/html").unwrap_or(0.0));
        if text > html { Self::Text } else { Self::Page }
    }

    /// An answer in this form; `text` has its line breaks.
    pub(crate) fn answer(self, page: impl FnOnce() -> Response, text: impl FnOnce() -> String) -> Response {
        let mut response = match self {
            Self::Page => page(),
            Self::Text => (NEVER_STORED, [(header::CONTENT_TYPE, TEXT)], text()).into_response(),
        };
        response.headers_mut().insert(header::VARY, ACCEPT);
        response
    }
}

impl Form {
    /// The head of an answer in this form, which is not stored.
    pub(crate) fn head(self) -> Response {
        self.answer(|| (NEVER_STORED, Html("")).into_response(), String::new)
    }
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// A line, and the replica that answered.
pub(crate) fn lines(line: &str, replica: &str) -> String {
    format!("{line}\nreplica {replica}\n")
}

/// The first page.
pub(crate) fn welcome(replica: &str) -> String {
    let lines = "Welcome to VisitCounter.\n\n\
        /count         counts a visit and shows the total\n\
        /hits/KEY      counts a hit for a key of your choice\n\
        /hits/KEY.svg  counts the same, as a badge for a page or a README\n\
        /k/KEY         looks at a key, and counts nothing\n\
        /api/v1/       the same for programs, see /api/v1/openapi.json\n";
    self::lines(lines, replica)
}

/// `1 visit`, `2 visits`.
pub(crate) fn counted(count: i64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// The greeting with the total in place of `{count}`. `{count} times` becomes `1 time` for the first visit.
pub(crate) fn greeting(template: &str, count: i64) -> String {
    match count {
        1 => template.replace("{count} times", "1 time").replace("{count}", "1"),
        _ => template.replace("{count}", &count.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &[&'static str]) -> Form {
        let mut headers = HeaderMap::new();
        accept.iter().for_each(|accept| _ = headers.append(header::ACCEPT, HeaderValue::from_static(accept)));
        Form::of(&headers)
    }

    #[test]
    fn browsers_get_pages() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "text/html",
            "application/xhtml+xml, text/html;q=0.9",
            "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
            "text/html;q=0.9, text/plain;q=0.8",
            "text/plain;q=0, */*",
            "*/*;q=0.8",
        ] {
            assert_eq!(form(&[accept]), Form::Page, "{accept}");
        }
        assert_eq!(form(&["*/*", "text/html"]), Form::Page);
    }

    #[test]
    fn curl_and_those_who_ask_for_it_get_plain_text() {
        for accept in [&[][..], &["*/*"], &[""], &["text/plain"], &["text/plain; charset=utf-8"]] {
            assert_eq!(form(accept), Form::Text, "{accept:?}");
        }
        assert_eq!(form(&["text/html;q=0.5, text/plain"]), Form::Text);
        assert_eq!(form(&["text/html, text/plain"]), Form::Page, "a tie is a browser's");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "visit")), ["0 visits", "1 visit", "2 visits"]);
        let hi = "Hi! I have been called {count} times";
        assert_eq!(greeting(hi, 1), "Hi! I have been called 1 time");
        assert_eq!(greeting(hi, 21), "Hi! I have been called 21 times");
        assert_eq!(greeting("number {count}", 1), "number 1");
    }
}
