//! Clients of the pages that send nothing, and more of them than there is room for.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use wharf_agent::budget::Budget;
use wharf_agent::delivery::Delivery;
use wharf_agent::metrics::Metrics;
use wharf_agent::pages::{Pages, serve};
use wharf_agent::positions::Positions;
use wharf_agent::targets::Targets;
use wharf_agent::wake::Waker;
use wharf_serve::Limits;

/// Longest wait for something that must happen.
const SOON: Duration = Duration::from_secs(30);

/// The pages of an agent without targets.
async fn serve_pages(limits: Limits) -> SocketAddr {
    let metrics = Metrics::new().unwrap();
    let targets = Arc::new(Targets::default());
    let positions = Positions::load(None, targets.clone(), Waker::new().unwrap()).unwrap();
    let budget = Budget::new(1 << 20);
    let (delivery, _) = Delivery::start(Vec::new(), budget.clone(), positions.clone(), None, &metrics);
    let pages = Pages { metrics: Arc::new(metrics), targets, positions, budget, delivery: delivery.state() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, pages, limits));
    address
}

async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the connection is closed, which must be soon.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    timeout(SOON, stream.read_to_string(&mut text)).await.expect("it is closed").unwrap();
    text
}

#[tokio::test]
async fn a_half_sent_request_line_is_closed_after_the_header_timeout() {
    let address = serve_pages(Limits { header_timeout: Duration::from_millis(300), ..Limits::default() }).await;
    let start = Instant::now();
    let mut silent = send(address, "GET /metr").await;
    assert_eq!(rest(&mut silent).await, "");
    assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
}

#[tokio::test]
async fn more_silent_connections_than_there_is_room_for_do_not_stop_metrics() {
    let limits = Limits { header_timeout: Duration::from_secs(3600), connections: 8, ..Limits::default() };
    let address = serve_pages(limits).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(send(address, "GET /metr").await);
    }
    let page = rest(&mut send(address, "GET /metrics HTTP/1.0\r\n\r\n").await).await;
    assert!(page.contains("wharf_agent_targets 0"), "{page}");
    assert_eq!(rest(&mut silent[0]).await, "", "the oldest one made room");
}

#[tokio::test]
async fn the_page_of_targets_can_run_nothing() {
    let address = serve_pages(Limits::default()).await;
    let page = rest(&mut send(address, "GET /targets HTTP/1.0\r\n\r\n").await).await.to_ascii_lowercase();
    assert!(page.contains("content-security-policy: default-src 'none';"), "{page}");
    assert!(page.contains("x-content-type-options: nosniff"), "{page}");
}

#[tokio::test]
async fn the_first_page_leads_to_the_others_and_no_target_is_said_in_words() {
    let address = serve_pages(Limits::default()).await;
    let get = async |path: &str| rest(&mut send(address, &format!("GET {path} HTTP/1.0\r\n\r\n")).await).await;
    let first = get("/").await;
    assert!(first.starts_with("HTTP/1.0 200") && first.contains("0 targets are read"), "{first}");
    for path in ["/targets", "/metrics", "/ready"] {
        assert!(first.contains(&format!("<a href=\"{path}\"><code>")), "{path}: {first}");
        assert!(get(path).await.starts_with("HTTP/1.0 200"), "{path}");
    }
    assert!(get("/targets").await.contains("No container or file is read."));
    let nothing = get("/nothing").await;
    assert!(nothing.starts_with("HTTP/1.0 404") && nothing.contains("<a href=\"/\">"), "{nothing}");
}
