//! A fake Docker Engine: HTTP on a Unix socket, with scripted answers and faults.
//!
//! It knows nothing of containers. Each request is answered by the newest rule for its method and path; without one the
//! answer is 404. `/version`, `/info` and `/events` are there from the beginning.

mod rule;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::unix_server::{Answer, FakeReply, FakeRequest, Handler, UnixServer};
use rule::Rule;

/// The API version that it speaks: that of Docker Engine 20.10.
const API_VERSION: &str = "1.41";

/// An engine of the test's own; it is gone when this is dropped.
#[derive(Debug)]
pub struct FakeEngine {
    server: UnixServer,
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    state: Mutex<State>,
    streams: watch::Sender<usize>,
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
        let rules = Arc::new(Rules { state: Mutex::default(), streams: watch::Sender::new(0) });
        let engine = FakeEngine { server: UnixServer::start(rules.clone()), rules };
        engine.on("GET", "/version", FakeReply::json(json!({ "ApiVersion": API_VERSION })));
        engine.on("GET", "/info", FakeReply::json(json!({ "SystemTime": "2023-11-14T22:13:20Z" })));
        engine.on("GET", "/events", FakeReply::Events);
        engine
    }

    /// The address, as `DOCKER_HOST` has it.
    #[must_use]
    pub fn host(&self) -> String {
        self.server.host()
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
        let mut opened = self.rules.streams.subscribe();
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
        self.server.stop().await;
        self.break_events();
    }

    /// Comes back at the same address, with its rules.
    ///
    /// # Panics
    ///
    /// The socket cannot be made.
    pub fn start_again(&mut self) {
        self.server.start_again(self.rules.clone());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.rules.state()
    }
}

impl Rules {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Rules {
    fn answer(&self, request: FakeRequest) -> Answer {
        let mut state = self.state();
        let reply = rule::answer(&mut state.rules, &request.method, &request.path);
        let path = request.path.clone();
        state.requests.push(request);
        match reply {
            Some(FakeReply::Events) => {
                let (sender, receiver) = mpsc::unbounded_channel();
                state.listeners.push(sender);
                self.streams.send_modify(|opened| *opened += 1);
                Answer::Stream(receiver)
            }
            Some(reply) => reply.into(),
            None => FakeReply::error(404, format!("no rule for {path}")).into(),
        }
    }
}
