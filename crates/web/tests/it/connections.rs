//! Clients that take their time.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fake_redis::{FakeRedis, Incr};
use crate::http::{get, request};
use crate::process::Running;
use crate::replica::{Replica, SOON};

#[tokio::test]
async fn a_head_that_never_ends_and_an_idle_connection_are_cut_off() {
    let replica = Replica::with(("127.0.0.1", 1), None, &["--head-timeout=500ms"]).await;
    let whole = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for sent in ["", "GET / HTTP/1.1\r\nHost: ", whole] {
        let start = Instant::now();
        let mut stream = TcpStream::connect(replica.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(SOON, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert_eq!(answer.starts_with("HTTP/1.1 200"), sent == whole, "{answer}");
        assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_body_that_no_route_takes_is_refused() {
    let replica = Replica::start(("127.0.0.1", 1), None).await;
    let answer = request(replica.address, "POST", "/api/v1/count", "Content-Length: 1000000\r\n").await.unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[tokio::test]
async fn more_idle_connections_than_open_files_stop_neither_pages_nor_counting() {
    let redis = FakeRedis::start(Incr::Held).await;
    let port = redis.address.port().to_string();
    let server = Running::start_with_files(64, &[("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", &port)]).await;
    let mut idle = Vec::new();
    for sent in ["", "GET / HTTP/1.1\r\nHost: "].into_iter().cycle().take(200) {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let _ = stream.write_all(sent.as_bytes()).await;
        idle.push(stream);
    }
    let page = timeout(SOON, get(server.address, "/healthz")).await.unwrap().unwrap();
    assert_eq!(page.status, 200);
    redis.release.notify_one();
    assert_eq!(timeout(SOON, get(server.address, "/count")).await.unwrap().unwrap().count(), 1);
}

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let replica = Replica::start(("127.0.0.1", 1), None).await;
    for (hosts, status) in [("", 400), ("Host: a\r\nHost: b\r\n", 400), ("Host: a b\r\n", 400), ("Host:\r\n", 200)] {
        let mut stream = TcpStream::connect(replica.address).await.unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(SOON, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts:?}: {answer}");
    }
}
