//! Chooses a host port that stays the same when its container is stopped and started.

use std::net::{Ipv4Addr, TcpListener};

/// Below Linux's range for outgoing connections (32768 and up), so that no connection takes the port in between.
const FIRST: u16 = 20_100;
const COUNT: u16 = 12_000;

/// Chooses a random loopback port that nothing listens on.
///
/// The engine would choose another ephemeral port at each start, and a client that waits for a server to come back
/// needs the same one. `None` if no port is free.
pub(crate) fn unused() -> Option<u16> {
    // A version 4 UUID is random, so no random number generator is needed.
    let start = u16::try_from(uuid::Uuid::new_v4().as_u128() % u128::from(COUNT)).ok()?;
    (0..COUNT)
        .map(|step| FIRST + (start + step) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_port_can_be_taken() {
        let port = unused().unwrap();
        assert!((FIRST..FIRST + COUNT).contains(&port));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
