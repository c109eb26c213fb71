//! How an event becomes a line.

use std::fmt::{self, Debug, Write as _};

use jiff::fmt::temporal::DateTimePrinter;
use serde_json::to_writer;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Full, Writer};
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::Format;

/// One line an event, as its format has it; with the ids of the trace and the span that it happened in.
pub(crate) struct Line {
    format: Format,
    human: tracing_subscriber::fmt::format::Format<Full, SystemTime>,
}

impl Line {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, human: tracing_subscriber::fmt::format().with_ansi(false) }
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        match self.format {
            Format::Json => json(&mut out, event),
            Format::Human => {
                let mut line = String::new();
                self.human.format_event(context, Writer::new(&mut line), event)?;
                out.write_str(line.trim_end_matches('\n'))?;
                ids(|trace, span| write!(out, " trace_id={trace} span_id={span}"))?;
                out.write_char('\n')
            }
        }
    }
}

/// The line is put together here and handed on as one piece: `out` is asked through a pointer for each.
fn json(out: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let mut start = Vec::with_capacity(LINE);
    start.extend_from_slice(b"{\"timestamp\":\"");
    TIME.print_timestamp(&jiff::Timestamp::now(), &mut start).map_err(|_| fmt::Error)?;
    start.push(b'"');
    let mut line = Object(start);
    line.text("level", event.metadata().level().as_str());
    event.record(&mut line);
    line.text("target", event.metadata().target());
    ids(|trace, span| {
        line.text("trace_id", &trace.to_string());
        line.text("span_id", &span.to_string());
        Ok(())
    })?;
    let Object(mut line) = line;
    line.extend_from_slice(b"}\n");
    out.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
}

/// Microseconds, always all six digits.
const TIME: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Bytes that most lines are shorter than.
const LINE: usize = 512;

/// Calls `write` with the current trace's and span's ids, if there are any.
#[cfg(feature = "otlp")]
fn ids(write: impl FnOnce(&dyn fmt::Display, &dyn fmt::Display) -> fmt::Result) -> fmt::Result {
    use opentelemetry::Context;
    use opentelemetry::trace::TraceContextExt;
    Context::map_current(|context| {
        if !context.has_active_span() {
            return Ok(());
        }
        let span = context.span();
        let ids = span.span_context();
        write(&ids.trace_id(), &ids.span_id())
    })
}

#[cfg(not(feature = "otlp"))]
fn ids(_write: impl FnOnce(&dyn fmt::Display, &dyn fmt::Display) -> fmt::Result) -> fmt::Result {
    Ok(())
}

/// The text of a JSON object that has a member already, without the brace at its end.
struct Object(Vec<u8>);

impl Object {
    fn member<E>(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) {
        let Self(line) = self;
        let end = line.len();
        line.push(b',');
        let named = quoted(line, name).is_ok();
        line.push(b':');
        if !(named && write(line).is_ok()) {
            line.truncate(end);
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.member(name, |line| quoted(line, text));
    }
}

/// Writes a JSON string; most have nothing that needs an escape (RFC 8259, section 7), and are copied as they are.
fn quoted(line: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    let special = |byte| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Without a way out of the loop, many bytes are looked at in one step.
    if text.bytes().fold(false, |found, byte| found | special(byte)) {
        return to_writer(line, text);
    }
    line.push(b'"');
    line.extend_from_slice(text.as_bytes());
    line.push(b'"');
    Ok(())
}

/// JSON has neither infinities nor NaN (RFC 8259, section 6): they are `null`.
impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // A `Debug` that fails leaves what it has written.
        let _ = write!(text, "{value:?}");
        self.text(name(field), &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(name(field), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(name(field), |line| to_writer(line, &value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(name(field), |line| to_writer(line, &value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(name(field), |line| to_writer(line, &value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(name(field), |line| to_writer(line, &value));
    }
}

fn name(field: &Field) -> &'static str {
    field.name().strip_prefix("r#").unwrap_or(field.name())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_logged_the_line_is_json_with_the_same_text(text in any::<String>()) {
            let mut line = Vec::new();
            quoted(&mut line, &text).unwrap();
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
        }
    }
}
