//! Clients that send nothing, and more of them than there is room for.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use wharf_exporter::Config;
use wharf_serve::Limits;

use crate::peer::get;
use crate::served::{DEADLINE, Served, config};

async fn half_a_request(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"GET /metr").await.unwrap();
    stream
}

#[tokio::test]
async fn a_half_sent_request_line_is_closed_after_the_header_timeout() {
    let limits = Limits { header_timeout: Duration::from_millis(300), ..Limits::default() };
    let served = Served::start(Config { limits, ..config(&[]) }).await;
    let start = Instant::now();
    let mut silent = half_a_request(served.port).await;
    let mut answer = String::new();
    timeout(DEADLINE, silent.read_to_string(&mut answer)).await.expect("it is closed").unwrap();
    assert_eq!(answer, "");
    assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
}

#[tokio::test]
async fn more_silent_connections_than_there_is_room_for_do_not_stop_metrics() {
    let limits = Limits { header_timeout: Duration::from_secs(3600), connections: 8, ..Limits::default() };
    let served = Served::start(Config { limits, ..config(&[]) }).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(half_a_request(served.port).await);
    }
    let page = timeout(DEADLINE, get(served.port, "/metrics")).await.expect("an answer");
    assert!(page.contains("wharf_exporter_build_info"), "{page}");
    let mut answer = String::new();
    timeout(DEADLINE, silent[0].read_to_string(&mut answer)).await.expect("the oldest one made room").unwrap();
}
