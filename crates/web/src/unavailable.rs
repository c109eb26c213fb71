//! What a 503 says and carries, whether it is a page, a picture or an answer of the API.

use std::error::Error;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// The title of the page while Redis is away.
pub(crate) const COUNTER_TITLE: &str = "Out of reach";

/// What people and programs read while Redis is away.
pub(crate) const COUNTER_AWAY: &str = "The counter cannot be reached at the moment. Please try again in a few seconds.";

/// What a badge shows while Redis is away.
pub(crate) const BADGE_AWAY: &str = "out of reach";

/// The title of the page while Postgres is away.
pub(crate) const HISTORY_TITLE: &str = "History out of reach";

/// What people and programs read while Postgres is away.
pub(crate) const HISTORY_AWAY: &str =
    "The history cannot be read at the moment; visits are still counted. Please try again in a few seconds.";

/// Seconds after which a client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// Why a request was not answered as it should be. It travels with the response to the code that writes the access log.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) Arc<dyn Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

/// `response` with what the log says of it, if something went wrong.
pub(crate) fn caused(mut response: Response, cause: Option<Cause>) -> Response {
    if let Some(cause) = cause {
        response.extensions_mut().insert(cause);
    }
    response
}

/// Makes `response` a 503 with this cause.
pub(crate) fn unavailable(mut response: Response, cause: Cause) -> Response {
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    caused(response, Some(cause))
}
