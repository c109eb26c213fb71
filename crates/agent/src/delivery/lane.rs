//! Sends the requests of one lane to one endpoint, one after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::answer::Verdict;
use super::backoff::{Backoff, chance};
use super::body::body;
use super::client::Client;
use super::part::Part;
use crate::batch::Request;
use crate::metrics::EndpointMetrics;

/// Between two lines of our own log about the same kind of failure.
const QUIET: Duration = Duration::from_secs(30);

/// Sends the requests of one lane to one endpoint.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) client: Arc<Client>,
    pub(super) metrics: Arc<EndpointMetrics>,
    /// When each kind of failure was logged last.
    last_logged: HashMap<&'static str, tokio::time::Instant>,
}

impl Sender {
    pub(super) fn new(client: Arc<Client>, metrics: Arc<EndpointMetrics>) -> Self {
        Self { client, metrics, last_logged: HashMap::new() }
    }

    /// Sends a request until it is accepted or refused for good. One that is too large is sent in parts, in order.
    pub(super) async fn deliver(&mut self, request: &Request) {
        let mut parts = vec![Part::whole(request)];
        while let Some(part) = parts.pop() {
            if part.lines() == 0 {
                continue;
            }
            if self.deliver_part(&part, request.tenant.as_deref()).await {
                continue;
            }
            match part.split() {
                Some((front, back)) => parts.extend([back, front]),
                None => self.drop_lines(&part, 1, "too_large", "413: a line by itself is too large for the endpoint"),
            }
        }
    }

    /// False: it is too large.
    async fn deliver_part(&mut self, part: &Part<'_>, tenant: Option<&str>) -> bool {
        let client = self.client.clone();
        let body = body(part, client.config.format, client.config.gzip, &client.config.external_labels);
        let mut backoff = Backoff::new(client.config.schedule);
        loop {
            let begun = tokio::time::Instant::now();
            let answer = client.send(&body, tenant).await;
            self.metrics.answered(answer.status, begun.elapsed());
            match answer.verdict {
                Verdict::Taken => {
                    self.metrics.taken(part.lines(), body.bytes.len());
                    return true;
                }
                Verdict::TooLarge => return false,
                Verdict::Refused { reason, lines } => {
                    let meant = || part.lines_meant_by(&answer.message);
                    let bad = lines.map_or_else(meant, |lines| usize::try_from(lines).unwrap_or(usize::MAX));
                    self.drop_lines(part, bad, reason, &answer.message);
                    self.metrics.taken(part.lines().saturating_sub(bad), body.bytes.len());
                    return true;
                }
                Verdict::Later { reason, after } => {
                    self.metrics.retried(reason);
                    let Some(pause) = backoff.next(after, chance()) else {
                        self.drop_lines(part, part.lines(), "retries_exhausted", &answer.message);
                        return true;
                    };
                    self.complain(answer.status, &answer.message, pause);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    fn drop_lines(&mut self, part: &Part<'_>, lines: usize, reason: &'static str, message: &str) {
        self.metrics.dropped(reason, lines.min(part.lines()));
        if !self.may_log(reason) {
            return;
        }
        let sample = part.streams.first().and_then(|stream| Some((stream.labels, stream.entries().next()?)));
        let (stream, line) = sample.map_or_else(Default::default, |(labels, entry)| {
            (labels.to_string(), entry.line.chars().take(200).collect::<String>())
        });
        let endpoint = &self.client.config.name;
        tracing::warn!(
            endpoint,
            reason,
            lines,
            stream,
            line,
            message = message.trim(),
            "lines were refused and are dropped"
        );
    }

    fn may_log(&mut self, kind: &'static str) -> bool {
        let now = tokio::time::Instant::now();
        let quiet = self.last_logged.get(kind).is_some_and(|last| now < *last + QUIET);
        if !quiet {
            self.last_logged.insert(kind, now);
        }
        !quiet
    }

    fn complain(&mut self, status: u16, message: &str, pause: Duration) {
        if !self.may_log("later") {
            return;
        }
        let endpoint = &self.client.config.name;
        let message = message.lines().next().unwrap_or_default();
        tracing::warn!(endpoint, status, message, next_try_in = ?pause, "lines are not taken; trying again");
    }
}
