//! The endpoints of databases: their protocol and address, and what is kept for them between scrapes.

mod address;
mod expiring;
mod protocol;

pub(crate) use address::parse_target;
pub use address::{Address, AddressError};
pub(crate) use expiring::ExpiringMap;
pub use protocol::Protocol;

use std::time::Duration;

/// A server that has not answered within this time counts as down. Prometheus learns it within half a second.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_millis(400);
