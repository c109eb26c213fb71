//! `wharf config`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::Value;
use wharf_compose::Project;
use wharf_orchestrator::{plan, service_hash};

use crate::failure::Failure;
use crate::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to print, with all that they depend on (default: all)
    services: Vec<String>,
    /// How the project is printed
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    format: Format,
    /// Only check, print nothing
    #[arg(short, long)]
    quiet: bool,
    /// Print the names of the services
    #[arg(long = "services")]
    names: bool,
    /// Print the names of the volumes
    #[arg(long)]
    volumes: bool,
    /// Print the names of the networks
    #[arg(long)]
    networks: bool,
    /// Print the names of the images
    #[arg(long)]
    images: bool,
    /// Print the names of the profiles
    #[arg(long)]
    profiles: bool,
    /// Print the configuration hash of services ("*": all)
    #[arg(long, value_name = "SERVICE")]
    hash: Option<String>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load(&args.services)?;
    if args.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let text = match listing(&args, session, &project)? {
        Some(names) => names.into_iter().map(|name| format!("{name}\n")).collect(),
        None => canonical(&project, args.format)?,
    };
    match &args.output {
        Some(file) => {
            std::fs::write(file, text).map_err(|error| anyhow::anyhow!("cannot write {}: {error}", file.display()))?
        }
        None => report::print(&text),
    }
    Ok(ExitCode::SUCCESS)
}

fn listing(args: &Args, session: &Session, project: &Project) -> Result<Option<Vec<String>>, Failure> {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names.dedup();
        Some(names)
    };
    if args.names {
        return Ok(sorted(project.services.keys().cloned().collect()));
    }
    if args.volumes {
        return Ok(sorted(project.volumes.keys().cloned().collect()));
    }
    if args.networks {
        return Ok(sorted(project.networks.keys().cloned().collect()));
    }
    if args.images {
        let images = project.services.iter().map(|(name, service)| plan::image_of(project, name, service));
        return Ok(sorted(images.collect()));
    }
    if args.profiles {
        let all = session.load_quietly(&[], &["*".to_owned()])?.project;
        return Ok(sorted(all.services.values().flat_map(|service| service.profiles.clone()).collect()));
    }
    let Some(wanted) = &args.hash else { return Ok(None) };
    let services =
        project.services.iter().filter(|(name, _)| wanted == "*" || wanted.split(',').any(|one| one == *name));
    Ok(Some(services.map(|(name, service)| format!("{name} {}", service_hash(project, service))).collect()))
}

/// The project as docker compose prints it. A dollar sign is doubled, so that the output means the same when it is read
/// again.
fn canonical(project: &Project, format: Format) -> Result<String, Failure> {
    let mut value = serde_json::to_value(project).map_err(anyhow::Error::from)?;
    escape_dollars(&mut value);
    match format {
        Format::Json => Ok(format!("{}\n", serde_json::to_string_pretty(&value).map_err(anyhow::Error::from)?)),
        Format::Yaml => Ok(serde_saphyr::to_string(&value).map_err(anyhow::Error::from)?),
    }
}

fn escape_dollars(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$"),
        Value::Array(items) => items.iter_mut().for_each(escape_dollars),
        Value::Object(map) => map.values_mut().for_each(escape_dollars),
        _ => {}
    }
}
