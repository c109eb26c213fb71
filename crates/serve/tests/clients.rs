//! Clients that take their time, and clients that come in numbers.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use wharf_serve::{Limits, serve};

/// Longest wait for something that must happen.
const SOON: Duration = Duration::from_secs(20);
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);
const PATIENT: Limits =
    Limits { header_timeout: NEVER, write_timeout: NEVER, connections: 1000, shutdown_timeout: NEVER };
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// A request for `/held` has arrived.
    arrived: Arc<Notify>,
    /// Lets it be answered.
    release: Arc<Notify>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let hold = (arrived.clone(), release.clone());
        let held = async move || {
            let (arrived, release) = hold;
            arrived.notify_one();
            release.notified().await;
            "held"
        };
        let router: Router = Router::new()
            .route("/", get(async || "here"))
            .route("/large", get(async || vec![b'x'; 64 << 20]))
            .route("/held", get(held));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, router, limits, stop.clone()));
        Self { address, stop, task, arrived, release }
    }

    async fn connect(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, path: &str) -> TcpStream {
        self.connect(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
    }
}

/// All that comes until the connection is closed, which must be soon.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A connection with bytes that the server has not read is reset.
    let _ = timeout(SOON, stream.read_to_end(&mut text)).await.expect("it is closed");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_head_that_never_ends_and_an_idle_connection_are_closed() {
    let server = Server::start(Limits { header_timeout: Duration::from_millis(300), ..PATIENT }).await;
    let whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for sent in ["", "GET / HTTP/1.1\r\nHost: ", whole] {
        let start = Instant::now();
        let answer = rest(&mut server.connect(sent).await).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), sent == whole, "{answer}");
        assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_its_connection() {
    let server = Server::start(Limits { write_timeout: Duration::from_millis(300), ..PATIENT }).await;
    let mut stream = server.ask("/large").await;
    // A client that only writes learns of the end: its writes fail.
    let ended = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, ended).await.expect("it is closed");
    let answer = rest(&mut stream).await;
    assert!(answer.len() < 64 << 20, "the rest was given up");
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones_the_oldest_first() {
    let server = Server::start(Limits { connections: 3, ..PATIENT }).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(server.connect("GET / HT").await);
    }
    let answer = rest(&mut server.connect(REQUEST).await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(rest(&mut idle[0]).await, "", "the oldest one is closed");
    let mut byte = [0];
    let open = timeout(Duration::from_millis(100), idle[2].read(&mut byte)).await;
    assert!(open.is_err(), "the youngest one is open");
}

#[tokio::test]
async fn a_connection_with_a_request_in_flight_keeps_its_place() {
    let server = Server::start(Limits { connections: 1, ..PATIENT }).await;
    let mut busy = server.ask("/held").await;
    timeout(SOON, server.arrived.notified()).await.unwrap();
    let mut next = server.connect(REQUEST).await;
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(300), next.read(&mut byte)).await.is_err(), "it waits");
    server.release.notify_one();
    assert!(rest(&mut busy).await.ends_with("held"));
    assert!(rest(&mut next).await.ends_with("here"));
}

#[tokio::test]
async fn a_stop_closes_idle_connections_and_lets_a_request_in_flight_be_answered() {
    let server = Server::start(PATIENT).await;
    let mut idle = server.connect("").await;
    let mut busy = server.ask("/held").await;
    timeout(SOON, server.arrived.notified()).await.unwrap();
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    assert!(!server.task.is_finished());
    server.release.notify_one();
    assert!(rest(&mut busy).await.ends_with("held"));
    timeout(SOON, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_has_a_deadline() {
    let server = Server::start(Limits { shutdown_timeout: Duration::from_millis(200), ..PATIENT }).await;
    let mut busy = server.ask("/held").await;
    timeout(SOON, server.arrived.notified()).await.unwrap();
    server.stop.cancel();
    timeout(SOON, server.task).await.unwrap().unwrap();
    assert_eq!(rest(&mut busy).await, "", "it is cut off");
}

#[tokio::test]
async fn a_server_that_is_dropped_closes_its_connections() {
    let server = Server::start(PATIENT).await;
    let mut busy = server.ask("/held").await;
    timeout(SOON, server.arrived.notified()).await.unwrap();
    server.task.abort();
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn a_unix_socket_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let router: Router = Router::new().route("/", get(async || "here"));
    tokio::spawn(serve(listener, router, PATIENT, CancellationToken::new()));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(SOON, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("here"), "{answer}");
}
