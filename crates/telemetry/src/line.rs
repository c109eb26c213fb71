//! How an event becomes a line.

use std::fmt::{self, Debug, Write};

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

fn json(out: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let level = event.metadata().level().as_str();
    write!(out, "{{\"timestamp\":\"{:.6}\",\"level\":\"{level}\"", jiff::Timestamp::now())?;
    let mut fields = JsonFields { out, result: Ok(()) };
    event.record(&mut fields);
    fields.result?;
    out.write_str(",\"target\":")?;
    quoted(out, event.metadata().target())?;
    ids(|trace, span| write!(out, ",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\""))?;
    out.write_str("}\n")
}

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

/// Writes fields as members of an object that has one already.
struct JsonFields<'a, 'w> {
    out: &'a mut Writer<'w>,
    result: fmt::Result,
}

impl JsonFields<'_, '_> {
    fn member(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.named(field, write);
        }
    }

    fn named(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) -> fmt::Result {
        self.out.write_char(',')?;
        quoted(self.out, field.name().trim_start_matches("r#"))?;
        self.out.write_char(':')?;
        write(self.out)
    }
}

impl Visit for JsonFields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, |out| {
            out.write_char('"')?;
            write!(Escaped(out), "{value:?}")?;
            out.write_char('"')
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |out| quoted(out, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |out| write!(out, "{value}"));
    }

    /// JSON has neither infinities nor NaN (RFC 8259, section 6).
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, |out| if value.is_finite() { write!(out, "{value:?}") } else { out.write_str("null") });
    }
}

fn quoted(out: &mut Writer<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escaped(out).write_str(text)?;
    out.write_char('"')
}

/// Escapes what a JSON string may not hold (RFC 8259, section 7).
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
            self.0.write_str(&rest[..at])?;
            match rest.as_bytes()[at] {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_logged_the_line_is_json_with_the_same_text(text in any::<String>()) {
            let mut line = String::new();
            quoted(&mut Writer::new(&mut line), &text).unwrap();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
