//! `wharf agent tail`

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use wharf_agent::agent;
use wharf_agent::batch::Batch;
use wharf_docker::Timestamp;
use wharf_docker::logs::{Line, Source};
use wharf_loki::Labels;
use wharf_loki::entries::{Entry, entries};
use wharf_orchestrator::logs::{Origin, short_name};

use super::settings::{self, Settings};
use crate::failure::Failure;
use crate::flags::log_lines::LogLines;
use crate::screen::log_lines::LinePrinter;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
    /// Show the labels and the structured metadata of each line
    #[arg(long = "labels")]
    show_labels: bool,
    #[command(flatten)]
    lines: LogLines,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let read = args.settings.config_to_show(session)?;
    settings::warn(&read.warnings, args.settings.file());
    let options = args.settings.options(session);
    let mut printer = args.lines.printer(session.colours.out);
    let failed = Arc::new(Mutex::new(None));
    let unwritten = failed.clone();
    let show = move |batch: &Batch| match report::is_read(show(batch, args.show_labels, &mut printer)) {
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
fn show(batch: &Batch, labels: bool, printer: &mut LinePrinter) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for stream in batch.requests.iter().flat_map(|request| &request.streams) {
        let origin = origin(&stream.labels);
        printer.expect(&origin.short_name);
        lines.extend(entries(stream.entries.entries()).map(|entry| (entry.timestamp, origin.clone(), stream, entry)));
    }
    lines.sort_by_key(|(time, ..)| *time);
    for (time, origin, stream, entry) in lines {
        let source = if stream.labels.get("stream") == Some("stderr") { Source::Stderr } else { Source::Stdout };
        let text = if labels { with_labels(&stream.labels, &entry) } else { entry.line.to_owned() };
        printer.line(&origin, &Line { time: Timestamp(time), source, bytes: text.into() })?;
    }
    printer.flush()
}

/// Whose lines a stream has, as far as its labels say.
fn origin(labels: &Labels) -> Origin {
    let first = |names: &[&str]| names.iter().find_map(|name| labels.get(name)).map(str::to_owned);
    let name = first(&["container", "container_name", "filename", "service_name", "service", "job"])
        .unwrap_or_else(|| labels.to_string());
    let name = name.strip_prefix("/").filter(|name| !name.contains("/")).map(str::to_owned).unwrap_or(name);
    let service = first(&["compose_service", "service_name", "service"]).unwrap_or_else(|| name.clone());
    let project = first(&["compose_project", "project"]).unwrap_or_default();
    let short_name = short_name(&name, &project, &service).to_owned();
    Origin { id: String::new(), name, service, number: 0, short_name }
}

fn with_labels(labels: &Labels, entry: &Entry<'_>) -> String {
    let metadata = entry.metadata.iter().map(|(name, value)| format!(" {name}={value}"));
    format!("{labels} {}{}", entry.line, metadata.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_name_that_logs_gives_it() {
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().fold(Labels::empty(), |labels, (name, value)| labels.with(*name, *value))
        };
        let of_compose = [("container", "shop-web-2"), ("compose_project", "shop"), ("compose_service", "web")];
        let found = origin(&labels(&of_compose));
        assert_eq!((found.short_name.as_str(), found.service.as_str()), ("web-2", "web"));
        assert_eq!(origin(&labels(&[("filename", "/var/log/a.log")])).short_name, "/var/log/a.log");
        assert_eq!(origin(&labels(&[("app", "x")])).short_name, "{app=\"x\"}");
    }
}
