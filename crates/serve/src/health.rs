//! The client behind the `healthcheck` subcommands: asks the server in the same container, without a shell or another
//! program.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a check may take.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Why a server is not healthy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// There is no connection.
    #[error("cannot connect to {address}: {cause}")]
    Connect {
        /// The address that was tried.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// The connection broke before there was an answer.
    #[error("no answer from {address}: {cause}")]
    NoAnswer {
        /// The address that was asked.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// Nothing came within [`TIMEOUT`].
    #[error("no answer from {0} within two seconds")]
    TooSlow(SocketAddr),
    /// The answer is not 200.
    #[error("{address} answered {status:?} instead of 200")]
    Status {
        /// The address that was asked.
        address: SocketAddr,
        /// The first bytes of the answer.
        status: String,
    },
}

/// Asks for `path` on the server that listens on `listen`; where that is all addresses, on the loopback interface.
/// Blocks for [`TIMEOUT`] at most.
///
/// # Errors
///
/// If there is no answer in time, or its status is not 200.
pub fn check(listen: SocketAddr, path: &str) -> Result<(), HealthError> {
    let deadline = Instant::now() + TIMEOUT;
    let address = reachable(listen);
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(|cause| match cause.kind() {
        io::ErrorKind::TimedOut => HealthError::TooSlow(address),
        _ => HealthError::Connect { address, cause },
    })?;
    let answer = ask(&mut stream, path, deadline).map_err(|cause| match cause.kind() {
        // What a read with a timeout gives differs between systems.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => HealthError::TooSlow(address),
        _ => HealthError::NoAnswer { address, cause },
    })?;
    match &answer {
        b"HTTP/1.1 200" => Ok(()),
        other => Err(HealthError::Status { address, status: other.escape_ascii().to_string() }),
    }
}

/// The first bytes of the answer, which have its status.
fn ask(stream: &mut TcpStream, path: &str, deadline: Instant) -> io::Result<[u8; "HTTP/1.1 200".len()]> {
    let left = || match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::from(io::ErrorKind::TimedOut)),
        left => Ok(Some(left)),
    };
    stream.set_write_timeout(left()?)?;
    // One write: pieces would be packets of their own.
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; "HTTP/1.1 200".len()];
    let mut length = 0;
    while length < answer.len() {
        stream.set_read_timeout(left()?)?;
        match stream.read(&mut answer[length..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => length += read,
        }
    }
    Ok(answer)
}

fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Checks a server on all addresses that sends these pieces with a pause after each.
    fn answered(pieces: &'static [&[u8]], pause: Duration) -> Result<(), HealthError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 64];
            let length = stream.read(&mut head).unwrap();
            assert!(head[..length].starts_with(b"GET /ready HTTP/1.1\r\n"));
            for piece in pieces {
                // A client that has seen enough is gone.
                let _ = stream.write_all(piece);
                thread::sleep(pause);
            }
        });
        let result = check(SocketAddr::from(([0, 0, 0, 0], address.port())), "/ready");
        server.join().unwrap();
        result
    }

    fn at_once(answer: &'static [&[u8]]) -> Result<(), HealthError> {
        answered(answer, Duration::ZERO)
    }

    #[test]
    fn only_200_is_healthy() {
        at_once(&[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]).unwrap();
        let error = at_once(&[b"HTTP/1.1 503 Service Unavailable\r\n\r\n"]).unwrap_err().to_string();
        assert!(error.ends_with("answered \"HTTP/1.1 503\" instead of 200"), "{error}");
        assert!(matches!(at_once(&[b"HTTP"]), Err(HealthError::NoAnswer { .. })));
    }

    #[test]
    fn an_answer_that_drips_is_given_up_after_two_seconds() {
        let start = Instant::now();
        let pieces: &[&[u8]] = &[b"H", b"T", b"T", b"P", b"/"];
        let error = answered(pieces, Duration::from_millis(700)).unwrap_err();
        assert!(matches!(error, HealthError::TooSlow(_)), "{error}");
        assert!(start.elapsed() >= TIMEOUT);
    }

    #[test]
    fn a_server_that_is_not_there_is_not_healthy() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(check(closed, "/ready"), Err(HealthError::Connect { .. })));
    }
}
