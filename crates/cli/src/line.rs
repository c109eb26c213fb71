//! Log lines with the name of their container before them, aligned, in a colour that stays the same between runs.

use std::collections::HashMap;
use std::io::Write;

use anstyle::{AnsiColor, Color, Style};
use wharf_docker::logs::Line;
use wharf_orchestrator::logs::Origin;

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
    width: usize,
    names: HashMap<Origin, String>,
    out: std::io::BufWriter<std::io::Stdout>,
}

impl LinePrinter {
    pub(crate) fn new(colour: bool, prefix: bool, timestamps: bool) -> Self {
        let out = std::io::BufWriter::new(std::io::stdout());
        LinePrinter { colour, prefix, timestamps, width: 0, names: HashMap::new(), out }
    }

    /// Makes room for a container's name, so that lines are aligned from the first one on.
    pub(crate) fn expect(&mut self, service: &str, number: u32) {
        self.width = self.width.max(service.len() + 1 + number.to_string().len());
    }

    /// Writes a line; an error means that nobody reads any more.
    pub(crate) fn line(&mut self, origin: &Origin, line: &Line) -> std::io::Result<()> {
        self.lead(origin)?;
        if self.timestamps {
            write!(self.out, "{} ", rfc3339(line.time.0))?;
        }
        self.out.write_all(&line.bytes)?;
        self.out.write_all(b"\n")
    }

    /// Writes a remark about a container in the place of a line.
    pub(crate) fn remark(&mut self, origin: &Origin, text: &str) -> std::io::Result<()> {
        self.lead(origin)?;
        writeln!(self.out, "{text}")
    }

    /// Gives out what was written so far.
    pub(crate) fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }

    fn lead(&mut self, origin: &Origin) -> std::io::Result<()> {
        if !self.prefix {
            return Ok(());
        }
        if !self.names.contains_key(origin) {
            self.expect(&origin.service, origin.number);
            // A container that is gone does not come back under its identifier.
            if self.names.len() > 1024 {
                self.names.clear();
            }
            self.names.insert(origin.clone(), format!("{}-{}", origin.service, origin.number));
        }
        let (name, width) = (&self.names[origin], self.width);
        if self.colour {
            let style = Style::new().fg_color(Some(Color::Ansi(colour_of(&origin.service))));
            write!(self.out, "{style}{name:width$}  |{style:#} ")
        } else {
            write!(self.out, "{name:width$}  | ")
        }
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
