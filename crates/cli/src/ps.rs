//! `wharf ps`

use std::process::ExitCode;

use serde_json::json;
use wharf_orchestrator::observe::{Container, State, list_containers};

use crate::duration::ago;
use crate::failure::Failure;
use crate::report;
use crate::session::{Session, known};
use crate::table::{Format, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to list (default: all)
    services: Vec<String>,
    /// Stopped containers, too
    #[arg(short, long)]
    all: bool,
    /// How the list is printed; json is one object a line
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print identifiers only
    #[arg(short, long)]
    quiet: bool,
    /// Print names of services only
    #[arg(long = "services")]
    service_names: bool,
    /// Only containers in this state (running, exited, ...); may be repeated
    #[arg(long, value_name = "STATE")]
    status: Vec<String>,
    /// Do not cut long values
    #[arg(long)]
    no_trunc: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name()?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let mut containers = list_containers(&engine, Some(&project.name), true).await?;
    let by_status = |container: &Container| args.status.iter().any(|status| status == container.state.as_str());
    containers.retain(|container| {
        (args.services.is_empty() || args.services.contains(&container.service))
            && match args.status.is_empty() {
                true => args.all || container.is_up() && !container.one_off,
                false => by_status(container),
            }
    });
    let mut text = String::new();
    if args.quiet {
        text.extend(containers.iter().map(|container| format!("{}\n", container.id)));
    } else if args.service_names {
        let mut names: Vec<&str> = containers.iter().map(|container| container.service.as_str()).collect();
        names.dedup();
        text.extend(names.iter().map(|name| format!("{name}\n")));
    } else if args.format == Format::Json {
        text.extend(containers.iter().map(|container| format!("{}\n", as_json(container))));
    } else {
        let rows: Vec<[String; 7]> = containers.iter().map(|container| row(container, args.no_trunc)).collect();
        text = table(["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"], &rows);
    }
    report::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The keys of docker compose's `ps --format json`.
fn as_json(container: &Container) -> serde_json::Value {
    let publishers: Vec<_> = container
        .ports
        .iter()
        .map(|port| {
            json!({
                "URL": port.ip.as_deref().unwrap_or(""),
                "TargetPort": port.target,
                "PublishedPort": port.published.unwrap_or(0),
                "Protocol": port.protocol,
            })
        })
        .collect();
    let labels: Vec<String> = container.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    json!({
        "Command": quoted(&container.command, true),
        "CreatedAt": jiff::Timestamp::from_second(container.created).map(|time| time.to_string()).unwrap_or_default(),
        "ExitCode": container.exit_code.filter(|_| container.state == State::Exited).unwrap_or(0),
        "Health": container.health.map_or("", |health| health.as_str()),
        "ID": container.id.get(..12).unwrap_or(&container.id),
        "Image": container.image,
        "Labels": labels.join(","),
        "Mounts": container.mounts.join(","),
        "Name": container.name,
        "Names": container.name,
        "Networks": container.networks.join(","),
        "Ports": ports(container),
        "Project": container.project,
        "Publishers": publishers,
        "RunningFor": ago(container.created),
        "Service": container.service,
        "State": container.state.as_str(),
        "Status": container.status,
    })
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
        return format!("\"{command}\"");
    }
    let cut: String = command.chars().take(LONGEST - 1).collect();
    format!("\"{cut}…\"")
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
