//! The open connections: how many there may be, and which one makes room for a new one.
//!
//! Time is counted in connections accepted: that is enough to tell which one was used longest ago, and costs a request
//! no look at the clock.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::service::Service;
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How often a new connection looks for one that has become idle.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// In place of a time: a request is being answered.
const BUSY: u64 = u64::MAX;

/// The open connections of a server. Dropping this closes them.
pub(crate) struct Connections {
    places: Arc<Semaphore>,
    accepted: Arc<AtomicU64>,
    open: Arc<Open>,
}

#[derive(Default)]
struct Open(Mutex<HashMap<u64, Arc<Activity>>>);

impl Open {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        // No code that may panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    pub(crate) fn at_most(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), accepted: Arc::default(), open: Arc::default() }
    }

    /// Waits for a place. While there is none, closes the connection that was used longest ago and has no request in
    /// flight. Where all of them have one, waits until one ends.
    pub(crate) async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if self.places.available_permits() == 0 {
                self.close_idle();
            }
            let place = timeout(LOOK_AGAIN, self.places.clone().acquire_owned());
            if let Ok(place) = place.await {
                return place.expect("the semaphore is never closed");
            }
        }
    }

    fn close_idle(&self) {
        let longest = {
            let open = self.open.lock();
            let idle = open.values().filter(|activity| activity.last_used() != BUSY);
            idle.min_by_key(|activity| activity.last_used()).cloned()
        };
        if let Some(activity) = longest {
            activity.close();
        }
    }

    /// Starts the task of a new connection. It keeps `place` until it ends.
    pub(crate) fn start<F>(&self, place: OwnedSemaphorePermit, connection: impl FnOnce(Arc<Activity>) -> F)
    where
        F: Future<Output = hyper::Result<()>> + Send + 'static,
    {
        let number = self.accepted.fetch_add(1, Relaxed) + 1;
        let activity = Arc::new(Activity {
            accepted: self.accepted.clone(),
            last_used: AtomicU64::new(number),
            task: OnceLock::new(),
        });
        self.open.lock().insert(number, activity.clone());
        let connection = connection(activity.clone());
        let end = End { number, open: self.open.clone(), _place: place };
        let task = tokio::spawn(async move {
            let _end = end;
            // The client has gone, was too slow, or did not speak HTTP.
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
            }
        });
        // It is set once, here.
        let _ = activity.task.set(task.abort_handle());
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        let open: Vec<_> = self.open.lock().values().cloned().collect();
        for activity in open {
            activity.close();
        }
    }
}

/// Removes a connection from the open ones when its task ends, however it ends.
struct End {
    number: u64,
    open: Arc<Open>,
    _place: OwnedSemaphorePermit,
}

impl Drop for End {
    fn drop(&mut self) {
        self.open.lock().remove(&self.number);
    }
}

/// When a connection was used last, and the task that serves it.
pub(crate) struct Activity {
    accepted: Arc<AtomicU64>,
    last_used: AtomicU64,
    task: OnceLock<AbortHandle>,
}

impl Activity {
    /// A part of an answer was sent. While a request is in flight the connection stays busy.
    pub(crate) fn used(&self) {
        if self.last_used() != BUSY {
            self.last_used.store(self.accepted.load(Relaxed), Relaxed);
        }
    }

    fn begin(&self) {
        self.last_used.store(BUSY, Relaxed);
    }

    fn end(&self) {
        self.last_used.store(self.accepted.load(Relaxed), Relaxed);
    }

    fn close(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    fn last_used(&self) -> u64 {
        self.last_used.load(Relaxed)
    }
}

/// A service that marks its connection busy while it answers.
pub(crate) struct Tracked<S> {
    pub(crate) service: S,
    pub(crate) activity: Arc<Activity>,
}

impl<S: Service<R>, R> Service<R> for Tracked<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TrackedFuture<S::Future>;

    fn call(&self, request: R) -> Self::Future {
        self.activity.begin();
        TrackedFuture { answer: self.service.call(request), activity: self.activity.clone() }
    }
}

pin_project! {
    /// The future of [`Tracked`].
    pub(crate) struct TrackedFuture<F> {
        #[pin]
        answer: F,
        activity: Arc<Activity>,
    }
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = this.answer.poll(cx);
        if answer.is_ready() {
            this.activity.end();
        }
        answer
    }
}
