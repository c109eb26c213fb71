//! What is counted for requests, and what identifies their series.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::{StatusCode, Version};

use crate::distribution::{Bounds, Distribution};
use crate::exclusion::Exclusions;
use crate::groups::{Group, Groups};
use crate::labels::Labels;
use crate::methods::Methods;
use crate::schema::Grouping;

pub(crate) type RequestGroups = Groups<Settings, Record>;
pub(crate) type RequestGroup = Group<Settings, Record>;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) methods: Methods,
    pub(crate) grouping: Grouping,
    pub(crate) labels: Labels,
    pub(crate) exclusions: Exclusions,
    pub(crate) duration: Bounds,
    pub(crate) body_size: Option<Bounds>,
}

/// What is counted for one set of labels.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) duration: Distribution,
    /// Sizes of the request's body and of the response's body.
    pub(crate) sizes: Option<(Distribution, Distribution)>,
}

impl Record {
    pub(crate) fn new(settings: &Settings) -> Self {
        let sizes = settings.body_size.as_ref().map(|bounds| (Distribution::new(bounds), Distribution::new(bounds)));
        Self { duration: Distribution::new(&settings.duration), sizes }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// With a response.
    Answered,
    /// With a response that is marked as made from an exception.
    Exception,
    /// A handler, or a layer within, panicked.
    Panicked,
    /// The service failed instead of answering.
    Failed,
    /// The response's body failed.
    BodyFailed,
    /// The client went away before the response.
    Cancelled,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::Answered, Self::Exception, Self::Panicked, Self::Failed, Self::BodyFailed, Self::Cancelled];

    /// Whether it is what Flask calls an unhandled exception.
    pub(crate) fn is_exception(self) -> bool {
        matches!(self, Self::Exception | Self::Panicked | Self::Failed)
    }

    /// The label `error_type`. For a status in the 500s it is the status.
    fn error_type(self) -> &'static str {
        match self {
            Self::Answered => "",
            Self::Exception => "exception",
            Self::Panicked => "panic",
            Self::Failed => "service_error",
            Self::BodyFailed => "body_error",
            Self::Cancelled => "cancelled",
        }
    }
}

pub(crate) const VERSIONS: [(Version, &str); 5] = [
    (Version::HTTP_11, "1.1"),
    (Version::HTTP_2, "2"),
    (Version::HTTP_3, "3"),
    (Version::HTTP_10, "1.0"),
    (Version::HTTP_09, "0.9"),
];

/// What identifies a series within its group, besides computed labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) method: u8,
    pub(crate) version: u8,
    pub(crate) outcome: Outcome,
    /// 0 if there was no response.
    pub(crate) status: u16,
}

impl Key {
    pub(crate) fn pack(self) -> u64 {
        let [low, high] = self.status.to_le_bytes();
        u64::from_le_bytes([self.method, self.version, self.outcome as u8, low, high, 0, 0, 0])
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        let [method, version, outcome, low, high, ..] = packed.to_le_bytes();
        let outcome = Outcome::ALL[usize::from(outcome)];
        Self { method, version, outcome, status: u16::from_le_bytes([low, high]) }
    }

    pub(crate) fn version(self) -> &'static str {
        VERSIONS.get(usize::from(self.version)).map_or("", |(_, name)| name)
    }

    pub(crate) fn error_type(self) -> Cow<'static, str> {
        match self.outcome {
            Outcome::Answered if self.status >= 500 => self.status.to_string().into(),
            outcome => outcome.error_type().into(),
        }
    }
}

/// A substitute for a missing response.
pub(crate) fn instead(outcome: Option<Outcome>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status_instead(outcome.unwrap_or(Outcome::Answered));
    response
}

/// The status for an outcome without one: 500, or nginx's 499 if the client closed its request.
pub(crate) fn status_instead(outcome: Outcome) -> StatusCode {
    if outcome == Outcome::Cancelled {
        StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}
