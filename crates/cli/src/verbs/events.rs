//! `wharf events`

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use serde_json::json;
use wharf_docker::Timestamp;
use wharf_docker::labels;

use crate::failure::Failure;
use crate::flags::duration::parse_moment;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// An object a line
    #[arg(long)]
    json: bool,
    /// Events since a time (2026-01-31T12:00:00Z) or a length of time (10m), too
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<Timestamp>,
    /// Only events until a time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<Timestamp>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let filters = HashMap::from([
        ("type", vec!["container".to_owned()]),
        ("label", vec![labels::selector(labels::PROJECT, &project.name)]),
    ]);
    let mut options = EventsOptionsBuilder::default().filters(&filters);
    if let Some(since) = args.since {
        options = options.since(&since.to_string());
    }
    if let Some(until) = args.until {
        options = options.until(&until.to_string());
    }
    let mut events = engine.docker().events(Some(options.build())).boxed();
    while let Some(event) = events.next().await {
        let event = event.map_err(wharf_docker::Error::from)?;
        if let Some(line) = line(&event, &args)
            && !print(&line)
        {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether somebody reads.
fn print(line: &str) -> bool {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}

/// The event as docker compose writes it; `None` for what is not asked for.
fn line(event: &EventMessage, args: &Args) -> Option<String> {
    let actor = event.actor.as_ref()?;
    let attributes: BTreeMap<&str, &str> =
        actor.attributes.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let one_off = labels::is_one_off(attributes.get(labels::ONE_OFF).copied());
    let service = attributes.get(labels::SERVICE).copied().unwrap_or_default();
    if one_off || (!args.services.is_empty() && !args.services.iter().any(|wanted| wanted == service)) {
        return None;
    }
    let time = jiff::Timestamp::from_nanosecond(i128::from(event.time_nano.unwrap_or(0))).ok()?;
    let id = actor.id.as_deref().unwrap_or_default();
    let action = event.action.as_deref().unwrap_or_default();
    let own: BTreeMap<&str, &str> =
        attributes.iter().filter(|(key, _)| !key.starts_with(labels::PREFIX)).map(|(k, v)| (*k, *v)).collect();
    if args.json {
        let event = json!({
            "time": time.to_string(),
            "type": "container",
            "service": service,
            "id": id,
            "action": action,
            "attributes": own,
        });
        return Some(event.to_string());
    }
    let local = time.to_zoned(jiff::tz::TimeZone::system());
    let own: Vec<String> = own.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some(format!("{} container {action} {id} ({})", local.strftime("%Y-%m-%d %H:%M:%S%.6f"), own.join(", ")))
}
