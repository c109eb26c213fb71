//! Sends requests to one endpoint, and notes what becomes of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Verdict;
use super::backoff::{Backoff, chance};
use super::body::body;
use super::client::Client;
use super::part::Part;
use crate::batch::Request;
use crate::metrics::EndpointMetrics;

/// Between two lines of our own log about the same kind of failure of the same tenant.
const QUIET: Duration = Duration::from_secs(30);
/// Failures are remembered for at most this many tenants.
const REMEMBERED: usize = 1000;

/// Sends requests to one endpoint.
#[derive(Debug)]
pub(super) struct Sender {
    client: Arc<Client>,
    metrics: Arc<EndpointMetrics>,
    /// When each kind of failure of a tenant was logged last.
    logged: Mutex<HashMap<Failure, Instant>>,
}

/// A kind of failure of a tenant.
type Failure = (&'static str, Option<Arc<str>>);

/// How far a request has got.
#[derive(Debug)]
pub(super) struct Progress {
    /// Lines at its start that were taken or dropped.
    done: usize,
    backoff: Backoff,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// Each line was taken, or refused for good.
    Done,
    /// The rest is to be sent again after a pause.
    Later(Duration),
}

impl Sender {
    pub(super) fn new(client: Arc<Client>, metrics: Arc<EndpointMetrics>) -> Self {
        Self { client, metrics, logged: Mutex::default() }
    }

    /// Before the first try of a request.
    pub(super) fn progress(&self) -> Progress {
        Progress { done: 0, backoff: Backoff::new(self.client.config.schedule) }
    }

    /// Sends what is left of a request. One that is too large is sent in parts, in order.
    pub(super) async fn send(&self, request: &Request, progress: &mut Progress) -> Tried {
        let mut parts = vec![Part::whole(request).after(progress.done)];
        while let Some(part) = parts.pop() {
            let lines = part.lines();
            if lines == 0 {
                continue;
            }
            match self.send_part(&part, request.tenant.as_ref(), &mut progress.backoff).await {
                Some(Tried::Later(pause)) => return Tried::Later(pause),
                Some(Tried::Done) => {
                    progress.done += lines;
                    progress.backoff = Backoff::new(self.client.config.schedule);
                }
                None => match part.split() {
                    Some((front, back)) => parts.extend([back, front]),
                    None => {
                        let message = "413: a line by itself is too large for the endpoint";
                        self.drop_lines(&part, 1, request.tenant.as_ref(), "too_large", message);
                        progress.done += 1;
                    }
                },
            }
        }
        Tried::Done
    }

    /// `None`: it is too large.
    async fn send_part(&self, part: &Part<'_>, tenant: Option<&Arc<str>>, backoff: &mut Backoff) -> Option<Tried> {
        let config = &self.client.config;
        let body = body(part, config.format, config.gzip, &config.external_labels);
        let begun = Instant::now();
        let answer = self.client.send(&body, tenant.map(AsRef::as_ref)).await;
        self.metrics.answered(answer.status, begun.elapsed());
        match answer.verdict {
            Verdict::Taken => self.metrics.taken(part.lines(), body.bytes.len()),
            Verdict::TooLarge => return None,
            Verdict::Refused { reason, lines } => {
                let meant = || part.lines_meant_by(&answer.message);
                let bad = lines.map_or_else(meant, |lines| usize::try_from(lines).unwrap_or(usize::MAX));
                self.drop_lines(part, bad, tenant, reason, &answer.message);
                self.metrics.taken(part.lines().saturating_sub(bad), body.bytes.len());
            }
            Verdict::Later { reason: reason @ "rate_limited", .. } if config.drop_rate_limited => {
                self.drop_lines(part, part.lines(), tenant, reason, &answer.message);
            }
            Verdict::Later { reason, after } => {
                self.metrics.retried(reason);
                if let Some(pause) = backoff.next(after, chance()) {
                    self.complain(tenant, answer.status, &answer.message, pause);
                    return Some(Tried::Later(pause));
                }
                self.drop_lines(part, part.lines(), tenant, "retries_exhausted", &answer.message);
            }
        }
        Some(Tried::Done)
    }

    fn drop_lines(
        &self,
        part: &Part<'_>,
        lines: usize,
        tenant: Option<&Arc<str>>,
        reason: &'static str,
        message: &str,
    ) {
        self.metrics.dropped(reason, lines.min(part.lines()));
        if !self.may_log(reason, tenant) {
            return;
        }
        let sample = part.streams.first().and_then(|stream| Some((stream.labels, stream.entries().next()?)));
        let (stream, line) = sample.map_or_else(Default::default, |(labels, entry)| {
            (labels.to_string(), entry.line.chars().take(200).collect::<String>())
        });
        let endpoint = &self.client.config.name;
        let tenant = tenant.map(AsRef::as_ref);
        tracing::warn!(
            endpoint,
            tenant,
            reason,
            lines,
            stream,
            line,
            message = message.trim(),
            "lines were refused and are dropped"
        );
    }

    fn may_log(&self, kind: &'static str, tenant: Option<&Arc<str>>) -> bool {
        let now = Instant::now();
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() > REMEMBERED {
            logged.retain(|_, last| now < *last + QUIET);
        }
        let key = (kind, tenant.cloned());
        let quiet = logged.get(&key).is_some_and(|last| now < *last + QUIET) || logged.len() > REMEMBERED;
        if !quiet {
            logged.insert(key, now);
        }
        !quiet
    }

    fn complain(&self, tenant: Option<&Arc<str>>, status: u16, message: &str, pause: Duration) {
        if !self.may_log("later", tenant) {
            return;
        }
        let endpoint = &self.client.config.name;
        let tenant = tenant.map(AsRef::as_ref);
        let message = message.lines().next().unwrap_or_default();
        let seconds = (pause.as_secs_f64() * 10.0).round() / 10.0;
        tracing::warn!(
            endpoint,
            tenant,
            status,
            message,
            next_try_seconds = seconds,
            "lines are not taken; trying again"
        );
    }
}
