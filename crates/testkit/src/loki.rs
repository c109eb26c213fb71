//! A Loki that records: it decodes what a real one accepts, answers as a real one does or as a test asks, and keeps
//! what it got in the order it came.

mod answer;
mod line;
mod otlp;
mod push;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use line::LokiLine;
use line::Stream;

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LokiAnswer {
    /// It is taken, or refused, as a real one does it.
    Honest,
    /// This status, with these headers, and nothing is kept.
    Status(u16, Vec<(&'static str, String)>),
    /// As a real one, after a while.
    Slow(Duration),
    /// The lines are kept, but the answer is lost.
    TakenAndLost,
    /// 413 if the body has more bytes than this, unpacked.
    TooLargeAbove(usize),
}

/// A Loki of the test's own; it is gone when this is dropped.
#[derive(Debug)]
pub struct Loki {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    script: VecDeque<LokiAnswer>,
    always: LokiAnswer,
    limits: bool,
    refused: BTreeMap<String, u16>,
    lines: Vec<LokiLine>,
    newest: BTreeMap<(Option<String>, BTreeMap<String, String>), i64>,
    requests: Vec<u16>,
    arrivals: Vec<tokio::time::Instant>,
}

impl Loki {
    /// Starts on a free port of the loopback interface. Times far from now are taken, too.
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = State {
            script: VecDeque::new(),
            always: LokiAnswer::Honest,
            limits: false,
            refused: BTreeMap::new(),
            lines: Vec::new(),
            newest: BTreeMap::new(),
            requests: Vec::new(),
            arrivals: Vec::new(),
        };
        let mut loki = Self { address, state: Arc::new(Mutex::new(state)), server: None };
        loki.server = Some(tokio::spawn(serve(listener, loki.state.clone())));
        loki
    }

    /// Refuses lines that are too old, too far behind or too new, as a real one does by default.
    #[must_use]
    pub fn with_limits(self) -> Self {
        self.state().limits = true;
        self
    }

    /// `http://127.0.0.1:<port>`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens to the next requests, one after the other; then what always happens.
    pub fn next(&self, answers: impl IntoIterator<Item = LokiAnswer>) {
        self.state().script.extend(answers);
    }

    /// What happens to all other requests.
    pub fn always(&self, answer: LokiAnswer) {
        self.state().always = answer;
    }

    /// Answers a tenant's requests with this status, and keeps nothing.
    pub fn refuse(&self, tenant: &str, status: u16) {
        self.state().refused.insert(tenant.to_owned(), status);
    }

    /// Ends what [`refuse`](Self::refuse) began.
    pub fn accept(&self, tenant: &str) {
        self.state().refused.remove(tenant);
    }

    /// Goes away, with all its connections.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            // It was aborted.
            let _ = server.await;
        }
    }

    /// Comes back, at the same address and with all it had.
    ///
    /// # Panics
    ///
    /// Someone else took the port.
    pub async fn start_again(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().expect("there are sockets");
        socket.set_reuseaddr(true).expect("the socket is new");
        socket.bind(self.address).expect("nobody took the port");
        let listener = socket.listen(64).expect("the socket is bound");
        self.server = Some(tokio::spawn(serve(listener, self.state.clone())));
    }

    /// All lines that were taken, in the order they came, also those that came twice.
    #[must_use]
    pub fn received(&self) -> Vec<LokiLine> {
        self.state().lines.clone()
    }

    /// The lines as a query shows them: one that came twice, with time and text alike, is one.
    #[must_use]
    pub fn stored(&self) -> Vec<LokiLine> {
        let mut seen = std::collections::BTreeSet::new();
        self.received().into_iter().filter(|line| seen.insert(line.clone())).collect()
    }

    /// How many lines were taken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state().lines.len()
    }

    /// The statuses of all answers so far.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        self.state().requests.clone()
    }

    /// When requests came.
    #[must_use]
    pub fn arrivals(&self) -> Vec<tokio::time::Instant> {
        self.state().arrivals.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Loki {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// Takes connections; they end when this is aborted.
async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let state = state.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| respond(request, state.clone()));
            // A client that goes away is none of ours.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

type Answered = Result<Response<Full<Bytes>>, std::io::Error>;

async fn respond(request: Request<Incoming>, state: Arc<Mutex<State>>) -> Answered {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (kind, encoding, tenant) = (header("content-type"), header("content-encoding"), header("x-scope-orgid"));
    let path = request.uri().path().to_owned();
    let Ok(body) = request.into_body().collect().await else { return Err(std::io::ErrorKind::ConnectionReset.into()) };
    let body = body.to_bytes();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = {
        let mut state = lock();
        state.arrivals.push(tokio::time::Instant::now());
        state.script.pop_front().unwrap_or_else(|| state.always.clone())
    };
    if let LokiAnswer::Slow(pause) = &answer {
        tokio::time::sleep(*pause).await;
    }
    let mut state = lock();
    if let Some(status) = tenant.as_ref().and_then(|tenant| state.refused.get(tenant)).copied() {
        return state.reply(status, &[], "this tenant is refused\n".to_owned());
    }
    if let LokiAnswer::Status(status, headers) = answer {
        return state.reply(status, &headers, format!("status {status} as scripted\n"));
    }
    let decoded = push::decode(&path, kind.as_deref(), encoding.as_deref(), &body);
    let (lines, size) = match decoded {
        Ok(decoded) => decoded,
        Err(reason) => return state.reply(400, &[], format!("{reason}\n")),
    };
    if matches!(answer, LokiAnswer::TooLargeAbove(limit) if size > limit) {
        return state.reply(413, &[], "entity too large\n".to_owned());
    }
    match state.take(lines, tenant) {
        _ if answer == LokiAnswer::TakenAndLost => Err(std::io::ErrorKind::ConnectionReset.into()),
        Ok(()) => state.reply(204, &[], String::new()),
        Err(reason) => state.reply(400, &[], reason),
    }
}

impl State {
    fn reply(&mut self, status: u16, headers: &[(&'static str, String)], body: String) -> Answered {
        self.requests.push(status);
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, value);
        }
        response.body(Full::new(body.into())).map_err(std::io::Error::other)
    }

    /// Keeps what is good. The last thing that is bad is the answer, as in a real one.
    fn take(&mut self, streams: Vec<Stream>, tenant: Option<String>) -> Result<(), String> {
        let mut refused = None;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        for stream in streams {
            let labels = match answer::labels(&stream.labels) {
                Ok(labels) => labels,
                Err(reason) => {
                    refused = Some(reason);
                    continue;
                }
            };
            let newest = self.newest.entry((tenant.clone(), labels.clone())).or_insert(i64::MIN);
            let (before, mut behind) = (*newest, 0);
            let total = stream.entries.len();
            for mut entry in stream.entries {
                let verdict = if self.limits { answer::time(entry.time, now, before) } else { answer::Time::Good };
                match verdict {
                    answer::Time::Good => {
                        *newest = (*newest).max(entry.time);
                        (entry.tenant, entry.labels) = (tenant.clone(), labels.clone());
                        self.lines.push(entry);
                    }
                    answer::Time::Behind => behind += 1,
                    answer::Time::Outside(what) => {
                        refused = Some(format!("entry for stream '{}' has timestamp {what}\n", stream.labels));
                    }
                }
            }
            if behind > 0 {
                refused = Some(format!(
                    "entry with timestamp ignored, reason: 'entry too far behind',\nuser 'fake', total ignored: {behind} out of \
                     {total} for stream: {}\n",
                    stream.labels
                ));
            }
        }
        refused.map_or(Ok(()), Err)
    }
}
