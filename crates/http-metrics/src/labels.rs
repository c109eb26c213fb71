//! Labels that an application adds to its metrics.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use smallvec::SmallVec;

/// Replaces values beyond the limit, and unknown methods.
pub const OTHER: &str = "_OTHER";

/// The values of a request's or a response's labels.
pub(crate) type Values<'a> = SmallVec<[Cow<'a, str>; 4]>;

pub(crate) type FromRequest = dyn for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync;
type FromResponse = dyn for<'a> Fn(&'a Response) -> Cow<'a, str> + Send + Sync;

/// An application's own labels: fixed ones, and those that are computed for each request.
///
/// ```
/// use wharf_http_metrics::Labels;
///
/// let labels = Labels::new()
///     .fixed("region", "eu")
///     .from_request("tenant", |request| {
///         request.headers().get("x-tenant").and_then(|value| value.to_str().ok()).unwrap_or("none").into()
///     })
///     .from_response("cached", |response| {
///         if response.headers().contains_key("age") { "yes".into() } else { "no".into() }
///     });
/// ```
///
/// Each value that a function gives is a series of its own, and a client may be able to choose it: see
/// [`HttpMetrics::label_sets_at_most`](crate::HttpMetrics::label_sets_at_most). Where no response was made, functions of
/// the response are given an empty one: 500 after a panic, 499 when the client went away.
#[derive(Clone, Default)]
pub struct Labels {
    pub(crate) fixed: Vec<(String, String)>,
    request: Vec<(String, Arc<FromRequest>)>,
    response: Vec<(String, Arc<FromResponse>)>,
}

impl Labels {
    /// No labels.
    pub fn new() -> Self {
        Self::default()
    }

    /// A label that is the same for all requests.
    #[must_use]
    pub fn fixed(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fixed.push((name.into(), value.into()));
        self
    }

    /// A label that is computed from the request, before it is handled.
    #[must_use]
    pub fn from_request<F>(mut self, name: impl Into<String>, value: F) -> Self
    where
        F: for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync + 'static,
    {
        self.request.push((name.into(), Arc::new(value)));
        self
    }

    /// A label that is computed from the response, before its body is sent.
    #[must_use]
    pub fn from_response<F>(mut self, name: impl Into<String>, value: F) -> Self
    where
        F: for<'a> Fn(&'a Response) -> Cow<'a, str> + Send + Sync + 'static,
    {
        self.response.push((name.into(), Arc::new(value)));
        self
    }

    /// These labels and the given ones, which win where both have one of the same name.
    pub(crate) fn and(mut self, others: &Self) -> Self {
        let theirs: Vec<&str> = others.names().collect();
        self.fixed.retain(|(name, _)| !theirs.contains(&name.as_str()));
        self.request.retain(|(name, _)| !theirs.contains(&name.as_str()));
        self.response.retain(|(name, _)| !theirs.contains(&name.as_str()));
        self.fixed.extend(others.fixed.iter().cloned());
        self.request.extend(others.request.iter().cloned());
        self.response.extend(others.response.iter().cloned());
        self
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fixed.iter().map(|(name, _)| name.as_str()).chain(self.computed())
    }

    /// The names of the computed ones: those of the request, then those of the response.
    pub(crate) fn computed(&self) -> impl Iterator<Item = &str> {
        let request = self.request.iter().map(|(name, _)| name.as_str());
        request.chain(self.response.iter().map(|(name, _)| name.as_str()))
    }

    pub(crate) fn first_of_response(&self) -> Option<&str> {
        self.response.first().map(|(name, _)| name.as_str())
    }

    pub(crate) fn without_response(mut self) -> Self {
        self.response.clear();
        self
    }

    pub(crate) fn need_request(&self) -> bool {
        !self.request.is_empty()
    }

    pub(crate) fn need_response(&self) -> bool {
        !self.response.is_empty()
    }

    pub(crate) fn of_request<'a>(&self, request: &'a Request) -> impl Iterator<Item = Cow<'a, str>> {
        self.request.iter().map(move |(_, value)| value(request))
    }

    pub(crate) fn of_response<'a>(&self, response: &'a Response) -> Values<'a> {
        self.response.iter().map(|(_, value)| value(response)).collect()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
