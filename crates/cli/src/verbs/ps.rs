//! `wharf ps`

use std::process::ExitCode;

use wharf_docker::names::short_id;
use wharf_go::strconv::quote;
use wharf_orchestrator::observe::{Container, State};
use wharf_orchestrator::read::probed::believe_probes;

use crate::failure::Failure;
use crate::flags::duration::ago;
use crate::screen::columns::table;
use crate::screen::plain::{self, json};
use crate::screen::report;
use crate::screen::template::{Format, render};
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to list (default: all)
    services: Vec<String>,
    /// Include stopped containers
    #[arg(short, long)]
    all: bool,
    /// Output format: table, json (one object per line), a template ({{.Name}}), or "table TEMPLATE"
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Filter containers by a property (status=STATE)
    #[arg(long, value_name = "FILTER", value_parser = parse_filter)]
    filter: Vec<String>,
    /// Include containers of services that are not in the file
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set)]
    orphans: bool,
    /// Print only IDs
    #[arg(short, long)]
    quiet: bool,
    /// Print only service names
    #[arg(long = "services")]
    service_names: bool,
    /// Filter containers by state (running, exited, ...); may be repeated
    #[arg(long, value_name = "STATE")]
    status: Vec<String>,
    /// Do not truncate long values
    #[arg(long)]
    no_trunc: bool,
}

fn parse_filter(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("status", state)) => Ok(state.to_owned()),
        _ => Err("use status=STATE".to_owned()),
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let existing = session.existing(&args.services).await?;
    let mut containers = existing.containers(&args.services, true).await?;
    let states: Vec<&String> = args.status.iter().chain(&args.filter).collect();
    containers.retain(|container| {
        let orphan = existing.has_file && !existing.project.services.contains_key(&container.service);
        (args.orphans || !orphan || !args.services.is_empty())
            && match states.is_empty() {
                true => args.all || container.is_up() && !container.one_off,
                false => states.iter().any(|state| *state == container.state.as_str()),
            }
    });
    let format = match args.format {
        Some(format) => format,
        None => {
            let choice = session.endpoint_choice();
            let format = session.settings.docker("psFormat", &choice);
            format.as_deref().unwrap_or("table").parse().map_err(anyhow::Error::msg)?
        }
    };
    let text = if args.quiet {
        containers.iter().map(|container| format!("{}\n", container.id)).collect()
    } else if args.service_names {
        let mut names: Vec<&str> = containers.iter().map(|container| container.service.as_str()).collect();
        names.dedup();
        names.iter().map(|name| format!("{}\n", plain::one_line(name))).collect()
    } else {
        believe_probes(&existing.engine, &mut containers).await?;
        listed(&containers, &format, args.no_trunc)?
    };
    report::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn listed(containers: &[Container], format: &Format, whole: bool) -> anyhow::Result<String> {
    Ok(match format {
        Format::Json => containers.iter().map(|container| format!("{}\n", json(&as_json(container)))).collect(),
        Format::Table => {
            let rows: Vec<[String; 7]> = containers.iter().map(|container| row(container, whole)).collect();
            table(["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"], &rows)
        }
        Format::Template { source, table } => {
            render(source, *table, &plain::rows(containers.iter().map(as_json)), &FIELDS)?
        }
    })
}

/// What a template may name.
const FIELDS: [&str; 20] = [
    "Command",
    "CreatedAt",
    "ExitCode",
    "Health",
    "ID",
    "Image",
    "Labels",
    "LocalVolumes",
    "Mounts",
    "Name",
    "Names",
    "Networks",
    "Ports",
    "Project",
    "Publishers",
    "RunningFor",
    "Service",
    "Size",
    "State",
    "Status",
];

/// The keys of docker compose's `ps --format json`.
fn as_json(container: &Container) -> serde_json::Value {
    let publishers: Vec<_> = container
        .ports
        .iter()
        .map(|port| {
            serde_json::json!({
                "URL": port.ip.as_deref().unwrap_or(""),
                "TargetPort": port.target,
                "PublishedPort": port.published.unwrap_or(0),
                "Protocol": port.protocol,
            })
        })
        .collect();
    let labels: Vec<String> = container.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    serde_json::json!({
        "Command": quoted(&container.command, true),
        "CreatedAt": created_at(container.created),
        "ExitCode": container.exit_code.filter(|_| container.state == State::Exited).unwrap_or(0),
        "Health": container.health.map_or("", |health| health.as_str()),
        "ID": short_id(&container.id),
        "Image": container.image,
        "Labels": labels.join(","),
        "LocalVolumes": container.mounts.iter().filter(|mount| !mount.starts_with('/')).count().to_string(),
        "Mounts": container.mounts.join(","),
        "Name": container.name,
        "Names": container.name,
        "Networks": container.networks.keys().map(String::as_str).collect::<Vec<_>>().join(","),
        "Ports": ports(container),
        "Project": container.project,
        "Publishers": publishers,
        "RunningFor": ago(container.created),
        "Service": container.service,
        // docker compose does not ask for it either, and prints this.
        "Size": "0B",
        "State": container.state.as_str(),
        "Status": container.status,
    })
}

/// As Go writes a time: `2026-01-31 12:00:00 +0000 UTC`.
fn created_at(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).map(|time| time.to_zoned(jiff::tz::TimeZone::system()));
    time.map(|time| time.strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()).unwrap_or_default()
}

fn row(container: &Container, whole: bool) -> [String; 7] {
    [
        container.name.clone(),
        container.image.clone(),
        quoted(&container.command, whole),
        container.service.clone(),
        ago(container.created),
        container.status.clone(),
        ports(container),
    ]
}

fn quoted(command: &str, whole: bool) -> String {
    const LONGEST: usize = 20;
    if whole || command.chars().count() <= LONGEST {
        return quote(command);
    }
    let cut: String = command.chars().take(LONGEST - 1).collect();
    quote(&format!("{cut}…"))
}

fn ports(container: &Container) -> String {
    let words: Vec<String> = container
        .ports
        .iter()
        .map(|port| {
            let ip = port.ip.as_deref().unwrap_or("");
            let ip = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
            match port.published {
                Some(published) => format!("{ip}:{published}->{}/{}", port.target, port.protocol),
                None => format!("{}/{}", port.target, port.protocol),
            }
        })
        .collect();
    words.join(", ")
}
