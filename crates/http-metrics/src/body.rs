//! Bodies that count what passes through them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::in_flight::InFlight;

type PolledFrame = Poll<Option<Result<Frame<Bytes>, axum::Error>>>;

/// A request's body of unknown length.
#[derive(Debug)]
pub(crate) struct CountedBody {
    inner: Body,
    bytes: Arc<AtomicU64>,
}

impl CountedBody {
    pub(crate) fn new(inner: Body, bytes: Arc<AtomicU64>) -> Self {
        Self { inner, bytes }
    }
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        self.bytes.fetch_add(data(&frame), Relaxed);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response's body that ends its request's measurement: when the last frame has been read, at an error, or when it is
/// dropped, whichever comes first. It passes the frames on untouched.
#[derive(Debug)]
pub(crate) struct FollowedBody {
    inner: Body,
    in_flight: Option<InFlight>,
}

impl FollowedBody {
    pub(crate) fn new(inner: Body, in_flight: InFlight) -> Self {
        Self { inner, in_flight: Some(in_flight) }
    }
}

impl http_body::Body for FollowedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let this = &mut *self;
        let frame = ready!(InFlight::watch(&mut this.in_flight, || Pin::new(&mut this.inner).poll_frame(cx)));
        if let Some(in_flight) = &mut this.in_flight {
            in_flight.sent(data(&frame));
            if matches!(frame, Some(Err(_))) {
                in_flight.body_failed();
            }
        }
        if !matches!(frame, Some(Ok(_))) || this.inner.is_end_stream() {
            this.in_flight = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The bytes in a frame; trailers have none.
fn data(frame: &Option<Result<Frame<Bytes>, axum::Error>>) -> u64 {
    let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
    data.map_or(0, |data| data.len() as u64)
}
