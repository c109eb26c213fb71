//! The agent's own metrics.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

use crate::target::Target;

/// Counters by endpoint, and the registry they and the stages' metrics are in.
#[derive(Debug)]
pub struct Metrics {
    /// What `/metrics` shows, beside the targets.
    pub registry: Registry,
    lines: IntCounterVec,
    bytes: IntCounterVec,
    requests: IntCounterVec,
    retries: IntCounterVec,
    dropped: IntCounterVec,
    seconds: HistogramVec,
}

/// The counters of one endpoint.
#[derive(Debug)]
pub struct EndpointMetrics {
    endpoint: String,
    lines: prometheus::IntCounter,
    bytes: prometheus::IntCounter,
    requests: IntCounterVec,
    retries: IntCounterVec,
    dropped: IntCounterVec,
    seconds: prometheus::Histogram,
}

impl Metrics {
    /// New metrics, all zero.
    ///
    /// # Errors
    ///
    /// Names collide, which is a mistake of the program.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let seconds = HistogramOpts::new("wharf_agent_request_seconds", "How long endpoints took to answer.");
        let seconds = HistogramVec::new(seconds, &["endpoint"])?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self {
            lines: counter("wharf_agent_sent_lines_total", "Lines that the endpoint took.", &["endpoint"])?,
            bytes: counter("wharf_agent_sent_bytes_total", "Bytes of requests that the endpoint took.", &["endpoint"])?,
            requests: counter(
                "wharf_agent_requests_total",
                "Requests by the answer's status; 0: no answer.",
                &["endpoint", "status"],
            )?,
            retries: counter("wharf_agent_retries_total", "Requests to be sent again.", &["endpoint", "reason"])?,
            dropped: counter(
                "wharf_agent_dropped_lines_total",
                "Lines that the endpoint refused for good.",
                &["endpoint", "reason"],
            )?,
            seconds,
            registry,
        })
    }

    /// The counters of one endpoint.
    pub fn endpoint(&self, name: &str) -> Arc<EndpointMetrics> {
        Arc::new(EndpointMetrics {
            endpoint: name.to_owned(),
            lines: self.lines.with_label_values(&[name]),
            bytes: self.bytes.with_label_values(&[name]),
            requests: self.requests.clone(),
            retries: self.retries.clone(),
            dropped: self.dropped.clone(),
            seconds: self.seconds.with_label_values(&[name]),
        })
    }

    /// All in Prometheus' text form. `now` is in nanoseconds since 1970. Of the delivery it takes since when lines of
    /// each target wait for an acknowledgement, and the bytes of the spool that were damaged, if there is a spool.
    pub fn render(
        &self,
        targets: &[Arc<Target>],
        numbers: &[(&str, &str, u64)],
        now: i64,
        (oldest, damaged): &(HashMap<Arc<str>, Instant>, Option<u64>),
    ) -> String {
        let mut out = TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default();
        for (name, help, value) in numbers {
            // Writing to a string does not fail.
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        }
        let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Target) -> f64| {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for target in targets {
                let _ = writeln!(out, "{name}{{target=\"{}\"}} {}", escaped(&target.name), value(target));
            }
        };
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        family("wharf_agent_read_lines_total", "counter", "Lines that were read.", &|target| of(&target.state.lines));
        family("wharf_agent_read_bytes_total", "counter", "Bytes of lines that were read.", &|target| {
            of(&target.state.bytes)
        });
        family("wharf_agent_unread_bytes", "gauge", "Bytes on disk that are not read.", &|target| {
            of(&target.state.unread)
        });
        family(
            "wharf_agent_lag_seconds",
            "gauge",
            "How long the oldest line that was not taken has waited, or how late the newest is.",
            &|target| {
                let waiting = oldest.get(&target.key).map_or(0.0, |since| since.elapsed().as_secs_f64());
                target.state.lag_seconds(now).max(waiting)
            },
        );
        family("wharf_agent_about_to_lose", "gauge", "1: the next rotation removes unread lines.", &|target| {
            f64::from(u8::from(target.state.endangered.load(Ordering::Relaxed)))
        });
        family("wharf_agent_cut_lines_total", "counter", "Lines over the limit.", &|target| of(&target.state.cut));
        family("wharf_agent_unreadable_records_total", "counter", "Records that could not be read.", &|target| {
            of(&target.state.unreadable)
        });
        family(
            "wharf_agent_lost_bytes_total",
            "counter",
            "Unread bytes that were rotated away, or damaged in the spool.",
            &|target| of(&target.state.lost),
        );
        // In the same family, so that the alert is the same.
        if let Some(damaged) = damaged {
            let _ = writeln!(out, "wharf_agent_lost_bytes_total{{target=\"spool\"}} {damaged}");
        }
        out
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl EndpointMetrics {
    pub(crate) fn answered(&self, status: u16, took: Duration) {
        self.requests.with_label_values(&[self.endpoint.as_str(), &status.to_string()]).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn taken(&self, lines: usize, bytes: usize) {
        self.lines.inc_by(lines as u64);
        self.bytes.inc_by(bytes as u64);
    }

    pub(crate) fn retried(&self, reason: &str) {
        self.retries.with_label_values(&[self.endpoint.as_str(), reason]).inc();
    }

    pub(crate) fn dropped(&self, reason: &str, lines: usize) {
        self.dropped.with_label_values(&[self.endpoint.as_str(), reason]).inc_by(lines as u64);
    }
}
