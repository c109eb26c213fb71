//! Log lines with the name of their container before them, aligned, in a colour that stays the same between runs.

use std::io::Write;

use anstyle::{AnsiColor, Color, Style};
use wharf_docker::logs::{Line, Source};
use wharf_orchestrator::logs::{LogEvent, Origin};

use crate::screen::plain;
use crate::screen::report;

/// Colours that are readable on dark and light terminals.
const PALETTE: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Writes log lines.
pub(crate) struct LinePrinter {
    pub(crate) colour: bool,
    pub(crate) prefix: bool,
    pub(crate) timestamps: bool,
    /// What containers write to standard error goes to standard error.
    streams_apart: bool,
    width: usize,
    out: std::io::BufWriter<std::io::Stdout>,
}

impl LinePrinter {
    pub(crate) fn new(colour: bool, prefix: bool, timestamps: bool) -> Self {
        let out = std::io::BufWriter::new(std::io::stdout());
        LinePrinter { colour, prefix, timestamps, streams_apart: false, width: 0, out }
    }

    /// What containers write to standard error goes to standard error.
    pub(crate) fn with_streams_apart(self) -> Self {
        LinePrinter { streams_apart: true, ..self }
    }

    /// Makes room for a container's short name, so that lines are aligned from the first one on.
    pub(crate) fn expect(&mut self, name: &str) {
        self.width = self.width.max(name.len());
    }

    /// Writes one event of containers' logs; an error means that the reader is gone.
    pub(crate) fn event(&mut self, event: LogEvent) -> std::io::Result<()> {
        match event {
            LogEvent::Line(origin, line) => self.line(&origin, &line),
            LogEvent::Exited(origin, code) => self.remark(&origin, &format!("exited with code {code}")),
            LogEvent::Unreadable(origin, error) => {
                self.flush()?;
                report::line(&format!("{}: {}", origin.name, plain::one_line(&error.engine_message())));
                Ok(())
            }
        }
    }

    /// Writes a line; an error means that the reader is gone.
    pub(crate) fn line(&mut self, origin: &Origin, line: &Line) -> std::io::Result<()> {
        let lead = self.lead(origin);
        let time = if self.timestamps { format!("{} ", rfc3339(line.time.0)) } else { String::new() };
        let parts = [lead.as_bytes(), time.as_bytes(), &line.bytes, b"\n"];
        if self.streams_apart && line.source == Source::Stderr {
            // Keeps the order of the lines if both go to the same place.
            self.out.flush()?;
            return std::io::stderr().write_all(&parts.concat());
        }
        parts.iter().try_for_each(|part| self.out.write_all(part))
    }

    /// Writes a hook's line like a container's.
    pub(crate) fn hook_line(&mut self, service: &str, container: &str, text: &str) -> std::io::Result<()> {
        let lead = if self.prefix { self.painted(service, &format!("{container} ->")) } else { String::new() };
        writeln!(self.out, "{lead}{text}")
    }

    /// Writes a remark about a container like one of its lines.
    pub(crate) fn remark(&mut self, origin: &Origin, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "{} {text}", plain::one_line(&origin.short_name))
    }

    /// Flushes what was written so far.
    pub(crate) fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }

    fn lead(&mut self, origin: &Origin) -> String {
        if !self.prefix {
            return String::new();
        }
        self.expect(&origin.short_name);
        self.painted(&origin.service, &origin.short_name)
    }

    fn painted(&self, service: &str, name: &str) -> String {
        let width = self.width;
        let name = plain::one_line(name);
        if !self.colour {
            return format!("{name:width$}  | ");
        }
        let style = Style::new().fg_color(Some(Color::Ansi(colour_of(service))));
        format!("{style}{name:width$}  |{style:#} ")
    }
}

/// The same service has the same colour in every run.
fn colour_of(service: &str) -> AnsiColor {
    let hash = service.bytes().fold(5381_usize, |hash, byte| hash.wrapping_mul(33) ^ usize::from(byte));
    PALETTE[hash % PALETTE.len()]
}

fn rfc3339(nanoseconds: i64) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)) {
        Ok(time) => format!("{time:.9}"),
        Err(_) => String::from("-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_same_colour_in_every_run() {
        let names = ["web", "db", "redis", "nginx", "worker"];
        let colours = names.map(colour_of);
        // Written down: another colour after an update would be another colour between two runs.
        use AnsiColor::{BrightBlue, BrightGreen, BrightMagenta, Yellow};
        assert_eq!(colours, [Yellow, BrightBlue, BrightMagenta, BrightGreen, BrightGreen]);
    }
}
