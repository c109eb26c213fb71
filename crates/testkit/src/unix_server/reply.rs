//! Answers and faults.

use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The body of a response, in full or as a stream.
pub(super) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// An answer, or a fault.
#[derive(Debug, Clone, PartialEq)]
pub enum FakeReply {
    /// A status and a body.
    Answer(u16, Bytes),
    /// A stream of what [`FakeEngine::event`](crate::FakeEngine::event) sends.
    Events,
    /// Another answer, after a delay.
    Slow(Duration, Box<FakeReply>),
    /// The connection is closed, without an answer.
    Reset,
    /// 200 and these bytes of the body. Then the connection is closed before the body is complete.
    CutOff(Bytes),
}

impl FakeReply {
    /// 200 with JSON.
    #[must_use]
    pub fn json(body: Value) -> Self {
        FakeReply::Answer(200, body.to_string().into())
    }

    /// A status without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        FakeReply::Answer(status, Bytes::new())
    }

    /// An error in the engine's format.
    #[must_use]
    pub fn error(status: u16, message: impl Into<String>) -> Self {
        FakeReply::Answer(status, json!({ "message": message.into() }).to_string().into())
    }

    /// This answer, after a delay.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        FakeReply::Slow(pause, Box::new(self))
    }

    pub(super) async fn respond(mut self) -> Result<Response<Body>, std::io::Error> {
        while let FakeReply::Slow(pause, reply) = self {
            tokio::time::sleep(pause).await;
            self = *reply;
        }
        match self {
            FakeReply::Answer(status, body) => response(status, whole(body)),
            FakeReply::CutOff(begin) => {
                let parts = stream::iter([Ok(Frame::data(begin)), Err(ErrorKind::ConnectionReset.into())]);
                response(200, StreamBody::new(parts).boxed_unsync())
            }
            FakeReply::Reset | FakeReply::Slow(..) | FakeReply::Events => Err(ErrorKind::ConnectionReset.into()),
        }
    }
}

/// A stream of events, which breaks when its sender is dropped.
pub(super) fn events(mut receiver: mpsc::UnboundedReceiver<Bytes>) -> Result<Response<Body>, std::io::Error> {
    let events = stream::poll_fn(move |context| receiver.poll_recv(context)).map(|line| Ok(Frame::data(line)));
    let end = stream::iter([Err(std::io::Error::from(ErrorKind::ConnectionReset))]);
    response(200, StreamBody::new(events.chain(end)).boxed_unsync())
}

/// The answer after which a connection is a stream of bytes.
pub(super) fn switching_protocols() -> Result<Response<Body>, std::io::Error> {
    let head = Response::builder().status(101).header("Connection", "Upgrade").header("Upgrade", "tcp");
    head.body(whole(Bytes::new())).map_err(std::io::Error::other)
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

fn response(status: u16, body: Body) -> Result<Response<Body>, std::io::Error> {
    Response::builder().status(status).body(body).map_err(std::io::Error::other)
}
