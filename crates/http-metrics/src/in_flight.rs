//! A request that is being answered, from its head to the end of its response.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::Method;
use http_body::Body as _;

use crate::exclusion::{DoNotTrack, Exception, ExcludeAllMetrics, WholeHandler};
use crate::place::{Found, Place};
use crate::record::{Key, Outcome, Record, VERSIONS, instead};

/// A body of known length that has at most this many bytes counts as sent together with its head.
///
/// Such a body is in memory already, so following it would cost an allocation for nothing.
const SENT_WITH_HEAD: u64 = 16 * 1024;

/// How many bytes of a request's body there were.
#[derive(Debug)]
enum Received {
    Known(u64),
    Counted(Arc<AtomicU64>),
}

/// A request that is being answered: counted as active until this is dropped, and recorded then.
#[derive(Debug)]
pub(crate) struct InFlight {
    place: Arc<Place>,
    group: Found,
    start: Instant,
    method: u8,
    head: bool,
    version: u8,
    status: u16,
    outcome: Option<Outcome>,
    /// The thread is within the code that answers: if this is dropped now, that code has panicked.
    within: bool,
    tracked: bool,
    received: Received,
    sent: u64,
    /// Labels computed from the response, where they are needed later.
    values: Vec<String>,
}

impl InFlight {
    /// `None` if the request is not to be counted.
    pub(crate) fn new(place: &Arc<Place>, request: &Request) -> Option<Self> {
        let start = Instant::now();
        let group = place.find(request)?;
        let methods = &place.settings().methods;
        let method = methods.place(request.method());
        methods.begin(method);
        let version = VERSIONS.iter().position(|(version, _)| *version == request.version());
        Some(Self {
            place: place.clone(),
            group,
            start,
            method,
            head: request.method() == Method::HEAD,
            version: version.map_or(u8::MAX, |place| place as u8),
            status: 0,
            outcome: None,
            within: false,
            tracked: true,
            received: Received::Known(request.body().size_hint().exact().unwrap_or_default()),
            sent: 0,
            values: Vec::new(),
        })
    }

    /// Where the bytes of the request's body are to be counted, if its length is not known.
    pub(crate) fn count_received(&mut self, body: &Body) -> Option<Arc<AtomicU64>> {
        self.place.settings().body_size.as_ref()?;
        if body.size_hint().exact().is_some() {
            return None;
        }
        let bytes = Arc::<AtomicU64>::default();
        self.received = Received::Counted(bytes.clone());
        Some(bytes)
    }

    /// Runs code that answers the request.
    pub(crate) fn watch<T>(in_flight: &mut Option<Self>, run: impl FnOnce() -> T) -> T {
        if let Some(in_flight) = in_flight {
            in_flight.within = true;
        }
        let result = run();
        if let Some(in_flight) = in_flight {
            in_flight.within = false;
        }
        result
    }

    /// Records the response's head. Returns whether the body must be followed.
    pub(crate) fn answered(&mut self, response: &Response) -> bool {
        let marks = response.extensions();
        if marks.get::<DoNotTrack>().is_some() || marks.get::<ExcludeAllMetrics>().is_some() {
            self.tracked = false;
            if let Some(WholeHandler(route)) = marks.get() {
                self.place.leave_untracked(route);
            }
            return false;
        }
        self.status = response.status().as_u16();
        if marks.get::<Exception>().is_some() {
            self.outcome = Some(Outcome::Exception);
        }
        // axum drops the body of the answer to HEAD, which was only made for its length.
        let no_body = self.head || response.body().is_end_stream();
        let length = if no_body { Some(0) } else { response.body().size_hint().exact() };
        let values = self.place.settings().labels.of_response(response);
        match length {
            Some(length) if length <= SENT_WITH_HEAD => {
                self.sent = length;
                self.record(&values);
                self.tracked = false;
                false
            }
            _ => {
                self.values = values.into_iter().map(Cow::into_owned).collect();
                true
            }
        }
    }

    pub(crate) fn sent(&mut self, bytes: u64) {
        self.sent += bytes;
    }

    /// The service failed instead of answering.
    pub(crate) fn failed(&mut self) {
        self.outcome = Some(Outcome::Failed);
    }

    pub(crate) fn body_failed(&mut self) {
        self.outcome = Some(Outcome::BodyFailed);
    }

    fn record(&self, values: &[impl AsRef<str>]) {
        let outcome = self.outcome.unwrap_or(Outcome::Answered);
        let key = Key { method: self.method, version: self.version, outcome, status: self.status };
        let settings = self.place.settings();
        let record = &self.place.group(&self.group).series(key.pack(), values, Record::new).counted;
        let nanoseconds = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        record.duration.observe(&settings.duration, nanoseconds);
        if let (Some((request, response)), Some(bounds)) = (&record.sizes, &settings.body_size) {
            let received = match &self.received {
                Received::Known(bytes) => *bytes,
                Received::Counted(bytes) => bytes.load(Relaxed),
            };
            request.observe(bounds, received);
            response.observe(bounds, self.sent);
        }
    }

    /// Ends a request whose response did not end it.
    fn record_end(&mut self) {
        if self.within {
            self.outcome = Some(Outcome::Panicked);
        } else if self.status == 0 && self.outcome.is_none() {
            self.outcome = Some(Outcome::Cancelled);
        }
        let labels = &self.place.settings().labels;
        if self.status == 0 && labels.need_response() {
            self.record(&labels.of_response(&instead(self.outcome)));
        } else {
            self.record(&self.values);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.tracked {
            self.record_end();
        }
        self.place.settings().methods.end(self.method);
    }
}
