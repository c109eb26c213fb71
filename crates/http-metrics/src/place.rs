//! The place of a service in a router. It decides the group of most of the service's requests.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};

use crate::labels::Values;
use crate::record::{RequestGroup, RequestGroups, Settings};
use crate::schema::{Grouping, UNMATCHED};

/// axum applies the layer to each handler, so what the first request finds is right for nearly all.
#[derive(Debug)]
pub(crate) struct Place {
    groups: Arc<RequestGroups>,
    /// The first request's group, where the route alone decides.
    group: OnceLock<Arc<RequestGroup>>,
    /// The route whose handler is marked as untracked. A route nested in the service has another handler.
    untracked: OnceLock<MatchedPath>,
}

/// The group of a request.
#[derive(Debug)]
pub(crate) enum Found {
    /// The group of its place.
    OfPlace,
    /// Another group.
    Other(Arc<RequestGroup>),
}

impl Place {
    pub(crate) fn new(groups: Arc<RequestGroups>) -> Self {
        Self { groups, group: OnceLock::new(), untracked: OnceLock::new() }
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.groups.context()
    }

    /// Remembers that the handler of this route is untracked.
    pub(crate) fn leave_untracked(&self, route: &MatchedPath) {
        self.untracked.get_or_init(|| route.clone());
    }

    pub(crate) fn group<'a>(&'a self, found: &'a Found) -> &'a RequestGroup {
        match found {
            Found::Other(group) => group,
            Found::OfPlace => self.group.get().expect("it was found there"),
        }
    }

    /// The group of a request that is to be counted.
    pub(crate) fn find(&self, request: &Request) -> Option<Found> {
        let settings = self.settings();
        let path = request.uri().path();
        let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        if settings.exclusions.cover(path)
            || matched.is_some() && matched == self.untracked.get().map(MatchedPath::as_str)
        {
            return None;
        }
        let route = matched.unwrap_or(UNMATCHED);
        if matches!(settings.grouping, Grouping::Route) && !settings.labels.need_request() {
            return Some(self.of_route(route));
        }
        let (first, bounded): (Cow<'_, str>, usize) = match &settings.grouping {
            Grouping::Route => (route.into(), 1),
            Grouping::Path if matched.is_none() => (UNMATCHED.into(), 1),
            Grouping::Path => (path.into(), 0),
            Grouping::Function(_, group) => (group(request), 0),
        };
        let values: Values<'_> = [first].into_iter().chain(settings.labels.of_request(request)).collect();
        Some(Found::Other(self.groups.group(&values, bounded)))
    }

    fn of_route(&self, route: &str) -> Found {
        let group = || self.groups.group(&[Cow::Borrowed(route)], 1);
        if *self.group.get_or_init(group).values[0] == *route { Found::OfPlace } else { Found::Other(group()) }
    }
}
