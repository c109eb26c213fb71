//! `wharf events`

use std::process::ExitCode;

use futures_util::StreamExt;
use serde_json::json;
use wharf_docker::Timestamp;
use wharf_orchestrator::read::events::{ReplicaEvent, events};

use crate::failure::Failure;
use crate::flags::duration::parse_moment;
use crate::screen::plain;
use crate::screen::report;
use crate::session::{Existing, Session};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// Include events since a time (2026-01-31T12:00:00Z) or a duration ago (10m)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<Timestamp>,
    /// Stop at this time or duration ago
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<Timestamp>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let Existing { project, engine, .. } = session.existing(&args.services).await?;
    let mut events = std::pin::pin!(events(&engine, &project.name, args.services, args.since, args.until));
    while let Some(event) = events.next().await {
        if !print(&line(&event?, args.json))? {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line; false: the reader is gone.
fn print(line: &str) -> anyhow::Result<bool> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    report::is_read(writeln!(out, "{line}").and_then(|()| out.flush()))
}

/// The event as docker compose writes it.
fn line(event: &ReplicaEvent, as_json: bool) -> String {
    let ReplicaEvent { time, service, id, action, attributes } = event;
    let time = jiff::Timestamp::from_nanosecond(time.0.into()).unwrap_or_default();
    if as_json {
        let event = json!({
            "time": time.to_string(),
            "type": "container",
            "service": service,
            "id": id,
            "action": action,
            "attributes": attributes,
        });
        return plain::json(&event);
    }
    let local = time.to_zoned(jiff::tz::TimeZone::system());
    let attributes: Vec<String> = attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let event = format!("{action} {id} ({})", attributes.join(", "));
    format!("{} container {}", local.strftime("%Y-%m-%d %H:%M:%S%.6f"), plain::one_line(&event))
}
