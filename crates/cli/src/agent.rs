//! `wharf agent`

mod settings;

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;
use wharf_agent::agent;

use crate::failure::Failure;
use crate::report;
use crate::session::Session;
use settings::Settings;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check a configuration and tell what it does
    Check(Settings),
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    match args.verb {
        None => deliver(args.settings, session).await,
        Some(Verb::Check(settings)) => {
            let read = settings.config(session)?;
            settings::warn(&read.warnings, settings.file());
            report::print("the configuration is right\n");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Delivers until a signal comes.
async fn deliver(settings: Settings, session: &Session) -> Result<ExitCode, Failure> {
    let read = settings.config(session)?;
    settings::warn(&read.warnings, settings.file());
    let options = settings.options(session);
    let _telemetry = wharf_telemetry::init("wharf-agent", settings.log_format()).map_err(anyhow::Error::from)?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        terminated().await;
        stopping.cancel();
    });
    agent::run(read.config, options, stop).await.map_err(anyhow::Error::from)?;
    Ok(ExitCode::SUCCESS)
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        // Without a way to be told, it runs until it is killed.
        Err(_) => std::future::pending().await,
    }
}
