//! `wharf agent tail`

use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Color, Style};
use wharf_agent::agent;
use wharf_agent::batch::Batch;
use wharf_loki::entries::entries;

use super::settings::{self, Settings};
use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let read = args.settings.config_to_show(session)?;
    settings::warn(&read.warnings, args.settings.file());
    let options = args.settings.options(session);
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let colour = session.colours.out;
    let failed = Arc::new(Mutex::new(None));
    let unwritten = failed.clone();
    let show = move |batch: &Batch| match report::is_read(show(batch, colour, &mut out)) {
        Ok(is_read) => is_read,
        Err(error) => {
            *unwritten.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            false
        }
    };
    agent::tail(read.config, options, session.interrupts()?.first, show).await.map_err(anyhow::Error::from)?;
    let error: Option<anyhow::Error> = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(error) = error {
        return Err(error.into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the lines of a batch, by time; an error means that the reader is gone.
fn show(batch: &Batch, colour: bool, out: &mut impl Write) -> std::io::Result<()> {
    let style = if colour { Style::new().fg_color(Some(Color::Ansi(AnsiColor::Cyan))) } else { Style::new() };
    let mut lines = Vec::new();
    for stream in batch.requests.iter().flat_map(|request| &request.streams) {
        lines.extend(entries(stream.entries.entries()).map(|entry| (entry.timestamp, stream.entries.labels(), entry)));
    }
    lines.sort_by_key(|(time, ..)| *time);
    for (_, labels, entry) in lines {
        write!(out, "{style}{labels}{style:#} {}", entry.line)?;
        for (name, value) in &entry.metadata {
            write!(out, " {style}{name}={value}{style:#}")?;
        }
        writeln!(out)?;
    }
    out.flush()
}
