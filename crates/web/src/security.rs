//! Security headers: what a browser may do with an answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// A page may load its own style sheet and pictures, and send its forms here. It may have no script and no inline style, and may not be framed.
const PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// The page with the builder also has our own script, which asks for the page again.
const SCRIPTED: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

/// A picture loads nothing, and any page may show it.
const PICTURE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors *");

/// The header that says which origins may embed an answer (Fetch standard, section 3.7).
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Lets a page have our own script.
pub(crate) fn scripted(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, SCRIPTED);
}

/// Lets pages of other origins show this answer.
pub(crate) fn embeddable(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, PICTURE);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// Adds the headers of every answer. The strict policies apply unless the handler has set others.
pub(crate) fn protect(headers: &mut HeaderMap) {
    headers.reserve(5);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(PAGE);
    headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
}
