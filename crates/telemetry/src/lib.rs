//! Tracing set-up of wharf's binaries: JSON or human-readable logs, and nothing else.
//!
//! A binary calls [`init`] once, before anything that may log, and keeps the result until its end. Each event becomes one
//! line on standard output. The environment chooses what is logged: `WHARF_LOG`, else `RUST_LOG`, else `info`. The syntax
//! is that of [`EnvFilter`], for example `info,sqlx=debug`.
//!
//! With the feature `otlp`, spans are exported if `OTEL_EXPORTER_OTLP_ENDPOINT` is set, and a line has the `trace_id` and
//! the `span_id` of the span it was written in.
//!
//! Libraries do not use this crate: they emit `tracing` events and leave the choice to the binary.
//!
//! ```
//! use wharf_telemetry::{Format, subscriber};
//!
//! let subscriber = subscriber(Format::Json, "info".parse()?, std::io::stdout);
//! tracing::subscriber::with_default(subscriber, || tracing::info!(port = 5002, "listening"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! prints
//!
//! ```json
//! {"timestamp":"2026-11-21T04:55:00.000000Z","level":"INFO","message":"listening","port":5002,"target":"doc"}
//! ```

mod batch;
mod error;
mod format;
mod line;
#[cfg(feature = "otlp")]
pub mod otlp;

use std::io;

pub use error::Error;
pub use format::Format;
use tracing::Subscriber;
pub use tracing_subscriber::EnvFilter;
#[cfg(feature = "otlp")]
use tracing_subscriber::Layer;
use tracing_subscriber::Registry;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::batch::{Batch, Flush};
use crate::line::Line;

/// The environment variables that choose what is logged. The first one that is set and not empty applies.
pub const FILTER_VARIABLES: [&str; 2] = ["WHARF_LOG", "RUST_LOG"];

/// The filter if no variable is set.
pub const DEFAULT_FILTER: &str = "info";

/// The filter from the environment. `lookup` returns the value of a variable, like `std::env::var`.
///
/// # Errors
///
/// [`Error::Filter`] names the variable whose value is not a filter.
pub fn filter_from(lookup: impl Fn(&str) -> Option<String>) -> Result<EnvFilter, Error> {
    for variable in FILTER_VARIABLES {
        if let Some(value) = lookup(variable).filter(|value| !value.is_empty()) {
            return EnvFilter::try_new(value).map_err(|source| Error::Filter { variable, source });
        }
    }
    Ok(EnvFilter::new(DEFAULT_FILTER))
}

/// A subscriber that writes events that pass `filter` to `writer`, one line each.
pub fn subscriber<W>(format: Format, filter: EnvFilter, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).event_format(Line::new(format));
    Box::new(Registry::default().with(filter).with(lines))
}

/// The logging and tracing that [`init`] has set up. Keep it until the end of the process: dropping it writes the last lines
/// and sends the last spans, which takes one and a half seconds at most.
#[must_use = "dropping it ends logging"]
pub struct Telemetry {
    // In this order: the exporter may log when it is dropped.
    #[cfg(feature = "otlp")]
    _traces: Option<otlp::Traces>,
    _flush: Flush,
}

/// Makes the process log to standard output, filtered by the environment, and export the spans of `service` where the
/// environment names a collector (feature `otlp`).
///
/// Lines of five milliseconds are written together.
///
/// # Errors
///
/// [`Error::Filter`] and [`Error::Traces`] when a variable is wrong, [`Error::Thread`] when the system has no thread,
/// [`Error::AlreadyInitialised`] on a second call.
#[cfg_attr(not(feature = "otlp"), expect(unused_variables, reason = "only traces name their service"))]
pub fn init(service: &'static str, format: Format) -> Result<Telemetry, Error> {
    let lookup = |variable: &str| std::env::var(variable).ok();
    let filter = filter_from(lookup)?;
    #[cfg(feature = "otlp")]
    let traces = otlp::Traces::from_env(service, lookup)?;
    let (batch, flush) = Batch::start(io::stdout()).map_err(Error::Thread)?;

    #[cfg(feature = "otlp")]
    let subscriber = match &traces {
        Some(traces) => traced(traces, format, filter, batch),
        None => subscriber(format, filter, batch),
    };
    #[cfg(not(feature = "otlp"))]
    let subscriber = subscriber(format, filter, batch);
    tracing::subscriber::set_global_default(subscriber).map_err(Error::AlreadyInitialised)?;
    Ok(Telemetry {
        #[cfg(feature = "otlp")]
        _traces: traces,
        _flush: flush,
    })
}

/// Like [`subscriber`], with spans for `traces`. The filter applies only to lines.
#[cfg(feature = "otlp")]
fn traced(traces: &otlp::Traces, format: Format, filter: EnvFilter, batch: Batch) -> Box<dyn Subscriber + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_writer(batch).event_format(Line::new(format));
    Box::new(Registry::default().with(lines.with_filter(filter)).with(traces.layer()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<u8>>>);

    impl Write for Recorder {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str, event: impl FnOnce()) -> String {
        let recorder = Recorder::default();
        let writer = recorder.clone();
        let subscriber = subscriber(format, filter.parse().unwrap(), move || writer.clone());
        tracing::subscriber::with_default(subscriber, event);
        let bytes = recorder.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_is_one_object_a_line_with_the_fields_beside_the_message() {
        let text = logged(Format::Json, "info", || {
            tracing::info!(port = 5002, text = "two\nlines \"quoted\"", "listening");
        });
        assert_eq!(text.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "listening");
        assert_eq!(line["port"], 5002);
        assert_eq!(line["text"], "two\nlines \"quoted\"");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn values_that_json_has_no_room_for_leave_the_line_whole() {
        struct Broken;
        impl std::fmt::Debug for Broken {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("half")?;
                Err(std::fmt::Error)
            }
        }
        let text = logged(Format::Json, "info", || {
            tracing::info!(took = 0.25, none = f64::NAN, broken = ?Broken, r#type = true, "done");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut fields = line.as_object().unwrap().clone();
        let timestamp = fields.remove("timestamp").unwrap();
        assert_eq!(timestamp.as_str().unwrap().len(), "2026-01-01T00:00:00.000000Z".len());
        assert_eq!(
            serde_json::Value::Object(fields),
            serde_json::json!({"level": "INFO", "message": "done", "took": 0.25, "none": null, "broken": "half",
                "type": true, "target": "wharf_telemetry::tests"})
        );
    }

    #[test]
    fn human_lines_have_no_escape_sequences() {
        let text = logged(Format::Human, "info", || tracing::info!(port = 5002, "listening"));
        assert!(text.contains("listening port=5002"), "{text}");
        assert!(!text.contains('\x1b'), "{text:?}");
    }

    #[test]
    fn the_filter_leaves_out_what_it_does_not_name() {
        assert_eq!(logged(Format::Json, "warn", || tracing::info!("quiet")), "");
    }

    #[test]
    fn the_projects_variable_comes_before_the_general_one() {
        let both = |name: &str| Some(if name == "WHARF_LOG" { "debug" } else { "error" }.to_owned());
        assert_eq!(filter_from(both).unwrap().to_string(), "debug");
        let general = |name: &str| (name == "RUST_LOG").then(|| "error".to_owned());
        assert_eq!(filter_from(general).unwrap().to_string(), "error");
        let empty = |_: &str| Some(String::new());
        assert_eq!(filter_from(empty).unwrap().to_string(), "info");
    }

    #[test]
    fn a_wrong_filter_names_its_variable() {
        let error = filter_from(|_| Some("info,,=loud=".to_owned())).unwrap_err();
        assert!(error.to_string().starts_with("WHARF_LOG: "), "{error}");
    }
}
