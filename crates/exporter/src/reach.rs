//! How a server is reached: what it speaks, where it is, and what is kept of it.

mod address;
mod kept;

pub(crate) use address::parse_target;
pub use address::{Address, AddressError};
pub(crate) use kept::Kept;

use std::time::Duration;

/// A server that is there has answered in this time; one that has not is away. Prometheus is to know it in half a second.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_millis(400);

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Redis, Valkey, KeyDB.
    Redis,
    /// PostgreSQL 10 and later.
    Postgres,
}

impl Protocol {
    /// The port that a server without one in its address has.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Protocol::Redis => 6379,
            Protocol::Postgres => 5432,
        }
    }
}
