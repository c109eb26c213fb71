//! An HTTP server on a Unix socket, as the Docker Engine has one. What it answers is a [`Handler`]'s part.

mod query;
mod reply;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

pub use reply::FakeReply;
use reply::{Body, events, switching_protocols};

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, without the API version in front.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
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

/// What a request is answered with.
pub(crate) enum Answer {
    /// A whole answer, or a fault.
    Reply(FakeReply),
    /// A stream of lines, which breaks when its sender is dropped.
    Stream(mpsc::UnboundedReceiver<Bytes>),
    /// The connection becomes a stream of bytes, which ends at once.
    Upgrade,
    /// The connection becomes a stream of bytes, which ends when the client leaves.
    OpenUpgrade,
}

impl From<FakeReply> for Answer {
    fn from(reply: FakeReply) -> Self {
        Answer::Reply(reply)
    }
}

/// Answers requests. One request is answered at a time only if the handler sees to it.
pub(crate) trait Handler: Send + Sync + 'static {
    /// The answer to a request.
    fn answer(&self, request: FakeRequest) -> Answer;
}

/// A server in a folder of its own. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct UnixServer {
    folder: tempfile::TempDir,
    task: Option<JoinHandle<()>>,
}

impl UnixServer {
    /// Listens on a socket in a folder of its own.
    ///
    /// # Panics
    ///
    /// The folder for temporary files cannot be written.
    pub(crate) fn start(handler: Arc<impl Handler>) -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let mut server = UnixServer { folder, task: None };
        server.start_again(handler);
        server
    }

    /// The address, as `DOCKER_HOST` has it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Goes away, with all its connections.
    pub(crate) async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It was aborted.
            let _ = task.await;
        }
    }

    /// Comes back at the same address.
    ///
    /// # Panics
    ///
    /// The socket cannot be made.
    pub(crate) fn start_again(&mut self, handler: Arc<impl Handler>) {
        let path = self.socket();
        // The first time there is none.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).expect("the folder is ours");
        self.task = Some(tokio::spawn(serve(listener, handler)));
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }
}

impl Drop for UnixServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Takes connections. They end when this is aborted, also those that have become streams of bytes.
async fn serve(listener: UnixListener, handler: Arc<impl Handler>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let handler = handler.clone();
        connections.spawn(async move {
            let (held, mut upgrades) = mpsc::unbounded_channel();
            let service = service_fn(move |request| respond(request, handler.clone(), held.clone()));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            // The client may go away at any time.
            let _ = connection.with_upgrades().await;
            if let Ok(upgrade) = upgrades.try_recv() {
                hold(upgrade).await;
            }
        });
    }
}

/// Answers a request. An upgrade that is to stay open goes to `held`, for the connection that it came on.
async fn respond(
    mut request: Request<Incoming>,
    handler: Arc<impl Handler>,
    held: mpsc::UnboundedSender<OnUpgrade>,
) -> Result<Response<Body>, std::io::Error> {
    let upgrade = hyper::upgrade::on(&mut request);
    let method = request.method().to_string();
    let path = without_version(request.uri().path()).to_owned();
    let query = query::parse(request.uri().query().unwrap_or_default());
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let headers = headers.collect();
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    match handler.answer(FakeRequest { method, path, query, headers, body }) {
        Answer::Reply(reply) => reply.respond().await,
        Answer::Stream(lines) => events(lines),
        Answer::Upgrade => {
            tokio::spawn(end(upgrade));
            switching_protocols()
        }
        Answer::OpenUpgrade => {
            // The connection waits for it, so it is there.
            let _ = held.send(upgrade);
            switching_protocols()
        }
    }
}

/// Closes the connection once it is a stream of bytes.
async fn end(upgrade: OnUpgrade) {
    // The client may have gone away before.
    drop(upgrade.await);
}

/// Keeps the connection once it is a stream of bytes, until the client closes it.
async fn hold(upgrade: OnUpgrade) {
    if let Ok(upgraded) = upgrade.await {
        // What the client sends is of no interest, nor is how it leaves.
        let _ = tokio::io::copy(&mut TokioIo::new(upgraded), &mut tokio::io::sink()).await;
    }
}

/// `/v1.41/info` is `/info`.
fn without_version(path: &str) -> &str {
    match path.strip_prefix("/v").and_then(|rest| rest.split_once('/')) {
        Some((version, _)) if version.starts_with(|c: char| c.is_ascii_digit()) => &path[2 + version.len()..],
        _ => path,
    }
}
