//! `wharf-web healthcheck`: asks the server in the same container, without a shell or another program.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, and each read or write, may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks `/healthz` of the server that listens on `listen`, by the loopback interface where that is no one address.
///
/// # Errors
///
/// When it cannot be reached, or answers anything but 200.
pub fn ask(listen: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&reachable(listen), TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut status_line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut status_line)?;
    if &status_line == b"HTTP/1.1 200" {
        Ok(())
    } else {
        Err(io::Error::other(format!("the answer began with {}", status_line.escape_ascii())))
    }
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

    fn answered(answer: &'static [u8]) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 64];
            let length = stream.read(&mut head).unwrap();
            assert!(head[..length].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            stream.write_all(answer).unwrap();
        });
        let result = ask(SocketAddr::from(([0, 0, 0, 0], address.port())));
        server.join().unwrap();
        result
    }

    #[test]
    fn only_200_is_healthy() {
        answered(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        let error = answered(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err();
        assert_eq!(error.to_string(), "the answer began with HTTP/1.1 503");
        assert!(answered(b"HTTP").is_err());
    }

    #[test]
    fn a_server_that_is_not_there_is_not_healthy() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(ask(closed).is_err());
    }
}
