//! A proxy in front of the engine. It counts the calls that change something, and lets calls go wrong.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::connect;
use crate::random::Random;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 500, and the engine does not get the call.
    ErrorBefore,
    /// 500, although the engine has done it.
    ErrorAfter,
    /// The connection breaks before the engine gets the call.
    ResetBefore,
    /// The connection breaks when the engine has done it.
    ResetAfter,
    /// The answer breaks off in the middle.
    Truncated,
    /// The answer is not JSON.
    Garbage,
    /// A page of a gateway that cannot reach the engine.
    Html,
    /// The call comes late to the engine.
    Slow(Duration),
    /// The client is killed before the engine gets the call.
    KillBefore,
    /// The client is killed when the engine has done it.
    KillAfter,
}

/// What the proxy does with the calls of the next client.
#[derive(Debug)]
pub(crate) enum Plan {
    PassOn,
    /// This goes wrong at so many of 100 calls.
    Often(Fault, u64, Random),
    /// This goes wrong at the call with this number, from 1. Only calls that change something are counted.
    Once(Fault, usize),
    /// The client was killed: nothing that it sent is done.
    Gone,
}

#[derive(Debug)]
struct State {
    engine: PathBuf,
    plan: Mutex<(Plan, Vec<String>)>,
    /// A client is to be killed.
    reached: watch::Sender<bool>,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) path: PathBuf,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Listens at `path`, in front of the engine at `engine`.
    pub(crate) fn start(path: PathBuf, engine: PathBuf) -> Result<Self> {
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
        let plan = Mutex::new((Plan::PassOn, Vec::new()));
        let state = Arc::new(State { engine, plan, reached: watch::Sender::new(false) });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let state = shared.clone();
                let service = service_fn(move |request| answer(request, state.clone()));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                // The client may go away at any time.
                tokio::spawn(connection.with_upgrades());
            }
        });
        Ok(Proxy { path, state, task })
    }

    /// Begins to count anew.
    pub(crate) fn plan(&self, plan: Plan) {
        self.state.reached.send_replace(false);
        *self.state.plan() = (plan, Vec::new());
    }

    /// The calls since then that change something.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.plan().1.clone()
    }

    /// Waits until the client is to be killed.
    pub(crate) async fn reached(&self) {
        // The sender is in the state.
        let _ = self.state.reached.subscribe().wait_for(|reached| *reached).await;
    }
}

impl State {
    fn plan(&self) -> MutexGuard<'_, (Plan, Vec<String>)> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and says what goes wrong at it.
    fn next(&self, method: &str, target: &str) -> Option<Fault> {
        let (plan, calls) = &mut *self.plan();
        let path = target.split('?').next().unwrap_or_default();
        let changes = !matches!(method, "GET" | "HEAD") && (!is_stream(path) || path.ends_with("/start"));
        if matches!(plan, Plan::Gone) {
            return Some(Fault::ResetBefore);
        }
        if changes {
            let name = target.split_once("name=").map(|(_, name)| format!(" {name}")).unwrap_or_default();
            calls.push(format!("{method} {path}{name}"));
        }
        match plan {
            Plan::Often(fault, percent, random) => (random.below(100) < *percent).then_some(*fault),
            Plan::Once(fault, number) if changes && calls.len() == *number => {
                let fault = *fault;
                *plan = Plan::Gone;
                Some(fault)
            }
            _ => None,
        }
    }
}

/// Whether the answer does not end by itself, or is no answer of JSON.
fn is_stream(path: &str) -> bool {
    let ends = ["/events", "/logs", "/wait", "/attach", "/resize"];
    ends.iter().any(|end| path.ends_with(end)) || (path.contains("/exec/") && path.ends_with("/start"))
}

async fn answer(mut request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, std::io::Error> {
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let fault = state.next(request.method().as_str(), &target);
    match fault {
        Some(Fault::ErrorBefore) => return whole(StatusCode::INTERNAL_SERVER_ERROR, r#"{"message": "a fault"}"#),
        Some(Fault::Html) => {
            return whole(StatusCode::BAD_GATEWAY, "<html><body><h1>502 Bad Gateway</h1></body></html>");
        }
        Some(Fault::ResetBefore) => return Err(ErrorKind::ConnectionReset.into()),
        Some(Fault::KillBefore) => {
            state.reached.send_replace(true);
            return Err(ErrorKind::ConnectionReset.into());
        }
        Some(Fault::Slow(pause)) => tokio::time::sleep(pause).await,
        _ => {}
    }
    let client = hyper::upgrade::on(&mut request);
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let mut engine = connect(&state.engine).await.map_err(std::io::Error::other)?;
    let answer =
        engine.send_request(Request::from_parts(parts, Full::new(body))).await.map_err(std::io::Error::other)?;
    match fault {
        None | Some(Fault::Slow(_)) => pass_on(answer, client),
        Some(fault) => spoiled(answer, fault, is_stream(target.split('?').next().unwrap_or_default()), &state).await,
    }
}

/// The engine's answer as it is.
fn pass_on(mut answer: Response<Incoming>, client: OnUpgrade) -> Result<Response<Body>, std::io::Error> {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let engine = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            let (Ok(client), Ok(engine)) = (client.await, engine.await) else { return };
            // Either side may leave at any time.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(engine)).await;
        });
    }
    Ok(answer.map(|body| body.map_err(std::io::Error::other).boxed_unsync()))
}

/// What is done is done, and the client does not hear of it.
async fn spoiled(
    answer: Response<Incoming>,
    fault: Fault,
    is_stream: bool,
    state: &State,
) -> Result<Response<Body>, std::io::Error> {
    let (mut parts, body) = answer.into_parts();
    let reset = || Err(ErrorKind::ConnectionReset.into());
    if is_stream && fault != Fault::KillAfter {
        return reset();
    }
    let body = if is_stream { Bytes::new() } else { body.collect().await.map_err(std::io::Error::other)?.to_bytes() };
    match fault {
        Fault::ErrorAfter => whole(StatusCode::INTERNAL_SERVER_ERROR, r#"{"message": "a fault"}"#),
        Fault::Truncated if !body.is_empty() => {
            let begin = body.slice(..body.len() / 2);
            let broken = stream::iter([Ok(Frame::data(begin)), Err(ErrorKind::ConnectionReset.into())]);
            parts.headers.insert("content-length", body.len().into());
            parts.headers.remove("transfer-encoding");
            Ok(Response::from_parts(parts, StreamBody::new(broken).boxed_unsync()))
        }
        Fault::Garbage => whole(parts.status, "\u{1}\u{2}garbage{]"),
        Fault::KillAfter => {
            state.reached.send_replace(true);
            reset()
        }
        _ => reset(),
    }
}

fn whole(status: StatusCode, body: &'static str) -> Result<Response<Body>, std::io::Error> {
    // A status without a body cannot have one.
    let body = if matches!(status.as_u16(), 204 | 304) { "" } else { body };
    let body = Full::new(Bytes::from_static(body.as_bytes())).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(status).body(body).map_err(std::io::Error::other)
}
