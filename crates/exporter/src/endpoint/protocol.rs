//! The protocols of databases.

use std::fmt;

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

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Redis => "redis",
            Protocol::Postgres => "postgres",
        })
    }
}
