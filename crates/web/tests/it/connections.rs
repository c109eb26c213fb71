//! Clients that take their time.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::request;
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
