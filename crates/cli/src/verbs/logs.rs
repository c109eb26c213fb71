//! `wharf logs`

use std::process::ExitCode;

use futures_util::{Stream, StreamExt};
use wharf_docker::Timestamp;
use wharf_orchestrator::logs::{self, LogEvent, LogOptions, Origin};

use crate::failure::Failure;
use crate::flags::duration::parse_moment;
use crate::flags::log_lines::LogLines;
use crate::screen::log_lines::LinePrinter;
use crate::screen::report;
use crate::session::{Existing, Session};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to show (default: all)
    services: Vec<String>,
    /// Follow the logs, across restarts
    #[arg(short, long)]
    follow: bool,
    /// Number of lines to show from the end of each container's log, or "all"
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all", value_parser = parse_tail)]
    tail: Tail,
    /// Only lines since a time (2026-01-31T12:00:00Z) or a duration ago (10m)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<Timestamp>,
    /// Only lines before a time or a duration ago
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<Timestamp>,
    /// Number of the replica; requires a service
    #[arg(long, value_name = "NUMBER", requires = "services")]
    index: Option<u32>,
    #[command(flatten)]
    lines: LogLines,
}

#[derive(Debug, Clone, Copy)]
struct Tail(Option<u64>);

fn parse_tail(text: &str) -> Result<Tail, String> {
    match text {
        "all" => Ok(Tail(None)),
        number => number.parse().map(|lines| Tail(Some(lines))).map_err(|_| "a number of lines, or \"all\"".to_owned()),
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let existing = session.existing(&args.services).await?;
    let containers = existing.containers(&[], true).await?;
    let Existing { project, has_file, engine } = existing;
    let services = match args.services.is_empty() && has_file {
        // Only this file's services: others with the project's label belong to another file.
        true => project.services.keys().cloned().collect(),
        false => args.services,
    };
    let options = LogOptions {
        services,
        tail: args.tail.0,
        since: args.since,
        until: args.until,
        index: args.index,
        ..LogOptions::default()
    };
    let mut printer = args.lines.printer(session.colours.out);
    for container in &containers {
        if !container.one_off && options.wants(&container.service, container.number) {
            printer.expect(&Origin::from(container).short_name);
        }
    }
    if let Some(index) = args.index
        && !containers.iter().any(|found| !found.one_off && options.wants(&found.service, found.number))
    {
        return Err(anyhow::anyhow!("service {} has no container {index}", options.services.join(", ")).into());
    }
    if args.follow {
        print_all(logs::follow(&engine, &project.name, options).await?, &mut printer).await?;
    } else {
        print_all(logs::history(&engine, &containers, &options), &mut printer).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints until the stream ends or the reader is gone.
async fn print_all(events: impl Stream<Item = LogEvent>, printer: &mut LinePrinter) -> anyhow::Result<()> {
    let mut events = std::pin::pin!(events.ready_chunks(256));
    while let Some(batch) = events.next().await {
        let printed = batch.into_iter().try_for_each(|event| printer.event(event));
        if !report::is_read(printed.and_then(|()| printer.flush()))? {
            break;
        }
    }
    Ok(())
}
