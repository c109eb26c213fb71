//! Errors of the engine, in its own words.

use crate::unix_server::FakeReply;

/// The engine does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

/// What an operation gives.
pub(super) type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into() }
    }

    pub(super) fn no_container(reference: &str) -> Self {
        Refusal::new(404, format!("No such container: {reference}"))
    }

    pub(super) fn no_network(reference: &str) -> Self {
        Refusal::new(404, format!("network {reference} not found"))
    }

    /// What a real engine does, and this one cannot.
    pub(super) fn not_simulated(what: &str) -> Self {
        Refusal::new(501, format!("the simulated engine does not know {what}"))
    }
}

impl From<Refusal> for FakeReply {
    fn from(refusal: Refusal) -> Self {
        FakeReply::error(refusal.status, refusal.message)
    }
}
