//! How an event becomes a line.

use std::fmt::{self, Debug, Display, Write as _};

use jiff::fmt::temporal::DateTimePrinter;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Full, Writer};
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::format::Format;

/// Formats an event as one line, with the ids of its trace and span.
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

/// The line is built here and written as one piece, because each write to `out` is a dynamic call.
fn json(out: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let mut start = String::with_capacity(LINE);
    start.push_str("{\"timestamp\":\"");
    TIME.print_timestamp(&jiff::Timestamp::now(), &mut start).map_err(|_| fmt::Error)?;
    start.push('"');
    let mut line = Object(start);
    line.text("level", event.metadata().level().as_str());
    event.record(&mut line);
    line.text("target", event.metadata().target());
    ids(|trace, span| {
        line.value("trace_id", &format_args!("\"{trace}\""));
        line.value("span_id", &format_args!("\"{span}\""));
        Ok(())
    })?;
    let Object(mut line) = line;
    line.push_str("}\n");
    out.write_str(&line)
}

/// Microseconds, always all six digits.
const TIME: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Most lines are shorter than this, in bytes.
const LINE: usize = 512;

/// Calls `write` with the current trace's and span's ids, if there are any.
#[cfg(feature = "otlp")]
fn ids(write: impl FnOnce(&dyn Display, &dyn Display) -> fmt::Result) -> fmt::Result {
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
fn ids(_write: impl FnOnce(&dyn Display, &dyn Display) -> fmt::Result) -> fmt::Result {
    Ok(())
}

/// The text of a JSON object that already has a member, without the closing brace.
struct Object(String);

impl Object {
    fn name(&mut self, name: &str) {
        let Self(line) = self;
        line.push_str(",\"");
        escape(line, name);
        line.push_str("\":");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        let Self(line) = self;
        line.push('"');
        escape(line, text);
        line.push('"');
    }

    /// A value whose text is JSON as it is.
    fn value(&mut self, name: &str, value: &dyn Display) {
        self.name(name);
        // Writing to a string does not fail.
        let _ = write!(self.0, "{value}");
    }
}

/// Adds the content of a JSON string. Most texts need no escape and are copied unchanged.
fn escape(line: &mut String, text: &str) {
    if is_plain(text) {
        line.push_str(text);
    } else {
        let quoted = serde_json::Value::from(text).to_string();
        line.push_str(&quoted[1..quoted.len() - 1]);
    }
}

/// Whether no byte needs an escape in a JSON string.
fn is_plain(text: &str) -> bool {
    let (eights, rest) = text.as_bytes().as_chunks();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    eights.iter().chain([&last]).fold(0, |found, eight| found | special(u64::from_le_bytes(*eight))) == 0
}

/// Not zero if one of eight bytes is a control character, a quotation mark or a backslash (RFC 8259, section 7).
fn special(bytes: u64) -> u64 {
    let eight = |byte| u64::from_le_bytes([byte; 8]);
    // Only a smaller byte causes a borrow, so there are no false positives.
    let less = |bytes: u64, than| bytes.wrapping_sub(eight(than)) & !bytes & eight(0x80);
    less(bytes, 0x20) | less(bytes ^ eight(b'"'), 1) | less(bytes ^ eight(b'\\'), 1)
}

/// A text that comes in pieces.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        escape(self.0, piece);
        Ok(())
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(name(field));
        let Self(line) = self;
        line.push('"');
        // If `Debug` fails, what it has written stays.
        let _ = write!(Escaped(line), "{value:?}");
        line.push('"');
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(name(field), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(name(field), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(name(field), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(name(field), &value);
    }

    /// JSON has neither infinities nor NaN (RFC 8259, section 6): they are `null`.
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(name(field), &serde_json::Value::from(value));
    }
}

fn name(field: &Field) -> &'static str {
    field.name().strip_prefix("r#").unwrap_or(field.name())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_that_json_escapes_is_found_at_any_position() {
        for byte in 0..0x80_u8 {
            for place in 0..20 {
                let text = format!("{:~<place$}{}{:~<7}", "", char::from(byte), "");
                assert_eq!(is_plain(&text), byte >= 0x20 && byte != b'"' && byte != b'\\', "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_logged_the_line_is_json_with_the_same_text(
            pieces in proptest::collection::vec("(?s)[\\x00-\\x7f]{0,20}|(?s).{0,20}", 0..5)
        ) {
            let mut line = String::from("\"");
            for piece in &pieces {
                Escaped(&mut line).write_str(piece).unwrap();
            }
            line.push('"');
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), pieces.concat());
        }
    }
}
