//! A fake Docker Engine: HTTP on a Unix socket, with scripted answers and faults.
//!
//! It knows nothing of containers. Each request is answered by the newest rule for its method and path; without one the
//! answer is 404. `/version`, `/info` and `/events` are there from the beginning.

mod reply;
mod rule;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

pub use reply::FakeReply;
use reply::{Body, events};
use rule::Rule;

/// The API version that it speaks: that of Docker Engine 20.10.
const API_VERSION: &str = "1.41";

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, without the API version in front.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The body.
    pub body: Bytes,
}

impl FakeRequest {
    /// The body as JSON; null if it is not.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An engine of the test's own; it is gone when this is dropped.
#[derive(Debug)]
pub struct FakeEngine {
    folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
    streams: watch::Sender<usize>,
    server: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<FakeRequest>,
    listeners: Vec<mpsc::UnboundedSender<Bytes>>,
}

impl FakeEngine {
    /// Listens on a socket in a folder of its own.
    ///
    /// # Panics
    ///
    /// The folder for temporary files cannot be written.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let mut engine = FakeEngine { folder, state: Arc::default(), streams: watch::Sender::new(0), server: None };
        engine.on("GET", "/version", FakeReply::json(json!({ "ApiVersion": API_VERSION })));
        engine.on("GET", "/info", FakeReply::json(json!({ "SystemTime": "2023-11-14T22:13:20Z" })));
        engine.on("GET", "/events", FakeReply::Events);
        engine.start_again();
        engine
    }

    /// The address, as `DOCKER_HOST` has it.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Answers all requests for `path` from now on. `*` matches one segment of a path: `/containers/*/json`.
    pub fn on(&self, method: &str, path: &str, reply: FakeReply) {
        self.state().rules.push(Rule::always(method, path, reply));
    }

    /// Answers the next request for `path`, before anything that [`FakeEngine::on`] says. Several are answered in the
    /// order in which they were given.
    pub fn once(&self, method: &str, path: &str, reply: FakeReply) {
        self.state().rules.push(Rule::once(method, path, reply));
    }

    /// Sends an event to everybody who follows them.
    pub fn event(&self, event: serde_json::Value) {
        let line = Bytes::from(format!("{event}\n"));
        self.state().listeners.retain(|listener| listener.send(line.clone()).is_ok());
    }

    /// Breaks all event streams.
    pub fn break_events(&self) {
        self.state().listeners.clear();
    }

    /// Waits until event streams were opened this often, from the start.
    ///
    /// # Panics
    ///
    /// Never: the counter lives as long as the engine.
    pub async fn event_streams_opened(&self, times: usize) {
        let mut opened = self.streams.subscribe();
        opened.wait_for(|opened| *opened >= times).await.expect("the sender is ours");
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<FakeRequest> {
        self.state().requests.clone()
    }

    /// The requests so far with this method and path.
    #[must_use]
    pub fn requests_for(&self, method: &str, path: &str) -> Vec<FakeRequest> {
        let wanted = |request: &FakeRequest| request.method == method && rule::fits(path, &request.path);
        self.requests().into_iter().filter(wanted).collect()
    }

    /// Goes away, with all its connections.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            // It was aborted.
            let _ = server.await;
        }
        self.break_events();
    }

    /// Comes back at the same address, with its rules.
    ///
    /// # Panics
    ///
    /// The socket cannot be made.
    pub fn start_again(&mut self) {
        let path = self.socket();
        // The first time there is none.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).expect("the folder is ours");
        self.server = Some(tokio::spawn(serve(listener, self.state.clone(), self.streams.clone())));
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes connections; they end when this is aborted.
async fn serve(listener: UnixListener, state: Arc<Mutex<State>>, streams: watch::Sender<usize>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let (state, streams) = (state.clone(), streams.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| respond(request, state.clone(), streams.clone()));
            // The client may go away at any time.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
    streams: watch::Sender<usize>,
) -> Result<Response<Body>, std::io::Error> {
    let method = request.method().to_string();
    let path = without_version(request.uri().path()).to_owned();
    let query = rule::query(request.uri().query().unwrap_or_default());
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    let reply = {
        let mut state = lock(&state);
        let reply = rule::answer(&mut state.rules, &method, &path);
        state.requests.push(FakeRequest { method, path: path.clone(), query, body });
        reply
    };
    match reply {
        Some(FakeReply::Events) => {
            let (sender, receiver) = mpsc::unbounded_channel();
            lock(&state).listeners.push(sender);
            streams.send_modify(|opened| *opened += 1);
            events(receiver)
        }
        Some(reply) => reply.respond().await,
        None => FakeReply::error(404, format!("no rule for {path}")).respond().await,
    }
}

/// `/v1.41/info` is `/info`.
fn without_version(path: &str) -> &str {
    match path.strip_prefix("/v").and_then(|rest| rest.split_once('/')) {
        Some((version, _)) if version.starts_with(|c: char| c.is_ascii_digit()) => &path[2 + version.len()..],
        _ => path,
    }
}
