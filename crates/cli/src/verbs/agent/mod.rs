//! `wharf agent`

mod convert;
mod health;
mod settings;
mod tail;

use std::process::ExitCode;

use wharf_agent::agent;
use wharf_agent::config::Config;
use wharf_agent::delivery::PushFormat;
use wharf_agent::discovery::Labelling;

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;
use settings::Settings;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check a configuration: explain what it does and what has no effect
    Check(Settings),
    /// Print what would be sent, from the start of all logs
    Tail(tail::Args),
    /// Ask the agent at --listen whether it is ready
    Healthcheck(health::Args),
    /// Convert Alloy's configuration to Promtail's YAML
    Convert(convert::Args),
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    match args.verb {
        None => deliver(args.settings, session).await,
        Some(Verb::Check(settings)) => {
            let read = settings.config(session)?;
            settings::warn(&read.warnings, settings.file());
            report::print(&explain(&read.config))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Healthcheck(args)) => health::run(&args),
        Some(Verb::Tail(args)) => tail::run(args, session).await,
        Some(Verb::Convert(args)) => convert::run(&args),
    }
}

/// A configuration in sentences.
fn explain(config: &Config) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    // Writing to a string does not fail.
    for job in &config.jobs {
        let _ = writeln!(out, "job {}:", job.name);
        for from in &job.docker {
            let engine = from.host.as_deref().unwrap_or("the engine of DOCKER_HOST and contexts");
            let mut filters: Vec<String> =
                from.filters.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
            filters.sort();
            let _ = writeln!(
                out,
                "  reads the containers of {engine} ({})",
                if filters.is_empty() { "all".to_owned() } else { filters.join(" ") }
            );
        }
        for from in &job.files {
            let _ = writeln!(out, "  reads the files {}", from.path);
        }
        let labels = match job.labelling {
            Labelling::Rules(_) => "relabel_configs make its labels",
            Labelling::Defaults => "its labels are service_name, container, stream, compose_project, compose_service",
        };
        let _ =
            writeln!(out, "  {labels}{}", if job.pipeline.is_some() { "; lines go through its stages" } else { "" });
    }
    for client in &config.clients {
        let format = match client.format {
            PushFormat::Protobuf => "protobuf with snappy",
            PushFormat::Json => "JSON",
            PushFormat::Otlp => "OTLP",
        };
        let gives_up = client
            .schedule
            .tries
            .map_or_else(|| "forever".to_owned(), |tries| format!("up to {tries} times, and then drops"));
        let _ = writeln!(out, "sends {format} to {}; tries again {gives_up}", client.url);
    }
    let positions = config.positions.as_ref().map_or_else(|| "nowhere".to_owned(), |file| file.display().to_string());
    let _ = writeln!(out, "keeps positions in {positions}");
    out
}

/// Delivers until SIGINT or SIGTERM.
async fn deliver(settings: Settings, session: &Session) -> Result<ExitCode, Failure> {
    let read = settings.config(session)?;
    settings::warn(&read.warnings, settings.file());
    let options = settings.options(session);
    let _telemetry = wharf_telemetry::init("wharf-agent", settings.log_format()).map_err(anyhow::Error::from)?;
    agent::run(read.config, options, session.interrupts()?.first).await.map_err(anyhow::Error::from)?;
    Ok(ExitCode::SUCCESS)
}
