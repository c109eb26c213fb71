//! The endpoints of databases: their protocol and address, and what is kept for them between scrapes.

mod address;
mod expiring;

pub(crate) use address::parse_target;
pub use address::{Address, AddressError};
pub(crate) use expiring::ExpiringMap;

use std::time::Duration;

/// A server that has not answered within this time counts as down. Prometheus learns it within half a second.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_millis(400);

/// The protocol of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Redis, Valkey, KeyDB.
    Redis,
    /// PostgreSQL 10 and later.
    Postgres,
}

impl Protocol {
    /// The port of an address without one.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Protocol::Redis => 6379,
            Protocol::Postgres => 5432,
        }
    }
}
