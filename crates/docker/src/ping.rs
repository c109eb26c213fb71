//! Asks an engine which API it speaks, by `GET /_ping`. Its `/version` says more, and runs programs to find that out.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::api_version::ApiVersion;
use crate::endpoint::Endpoint;

/// The head of the answer is no longer than this.
const LONGEST_HEAD: usize = 16 * 1024;

/// What an engine says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ping {
    /// The newest API that it speaks.
    pub(crate) api: ApiVersion,
    /// Whether it is Docker's own, and not another one with the same API.
    pub(crate) is_docker: bool,
}

/// `None`: it has to be asked in another way, which may also tell what is wrong. So it is through TLS and ssh.
pub(crate) async fn ping(endpoint: &Endpoint) -> Option<Ping> {
    if endpoint.tls.is_some() {
        return None;
    }
    let host = endpoint.host.as_str();
    if let Some(path) = host.strip_prefix("unix://") {
        return ask(UnixStream::connect(path).await.ok()?).await;
    }
    let address = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://"))?;
    ask(TcpStream::connect(address.trim_end_matches('/')).await.ok()?).await
}

async fn ask(mut socket: impl AsyncReadExt + AsyncWriteExt + Unpin) -> Option<Ping> {
    socket.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\nUser-Agent: wharf\r\n\r\n").await.ok()?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") && answer.len() < LONGEST_HEAD {
        if socket.read_buf(&mut answer).await.ok()? == 0 {
            break;
        }
    }
    read(&String::from_utf8_lossy(&answer))
}

fn read(answer: &str) -> Option<Ping> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    if lines.next()?.split(' ').nth(1)? != "200" {
        return None;
    }
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let header = |name: &str| {
        let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    };
    let (major, minor) = header("api-version")?.split_once('.')?;
    let api = ApiVersion { major: major.parse().ok()?, minor: minor.parse().ok()? };
    Some(Ping { api, is_docker: header("server").is_some_and(|server| server.starts_with("Docker/")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_the_answer_tells_the_api_and_who_answers() {
        let docker = "HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\nDocker-Experimental: false\r\nServer: Docker/20.10.24 (linux)\r\n\r\nOK";
        let api = ApiVersion { major: 1, minor: 41 };
        assert_eq!(read(docker), Some(Ping { api, is_docker: true }));
        let podman = "HTTP/1.1 200 OK\r\napi-version: 1.41\r\nServer: Libpod/5.4.2 (linux)\r\n\r\nOK";
        assert_eq!(read(podman), Some(Ping { api, is_docker: false }));
    }

    #[test]
    fn anything_else_is_left_to_another_question() {
        for answer in [
            "HTTP/1.0 404 Not Found\r\nApi-Version: 1.41\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nOK",
            "HTTP/1.0 200 OK\r\nApi-Version: new\r\n\r\n",
            "HTTP/1.0 200 OK\r\nApi-Version: 1.41",
            "",
        ] {
            assert_eq!(read(answer), None, "{answer:?}");
        }
    }
}
