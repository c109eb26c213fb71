//! Checks whether images can be pulled.

use std::{
    net::{TcpStream, ToSocketAddrs},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Where the official images are.
const REGISTRY: (&str, u16) = ("registry-1.docker.io", 443);
/// Longest wait for the name and the connection together.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the registry of the official images takes a connection within two seconds.
pub(crate) fn can_be_reached() -> bool {
    let (say, hear) = mpsc::channel();
    // A DNS lookup has no deadline of its own. If this thread is late, its answer is dropped.
    thread::spawn(move || {
        let reached = REGISTRY
            .to_socket_addrs()
            .is_ok_and(|mut all| all.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok()));
        let _nobody_waits = say.send(reached);
    });
    hear.recv_timeout(PATIENCE).unwrap_or(false)
}
