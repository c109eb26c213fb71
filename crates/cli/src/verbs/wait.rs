//! `wharf wait`

use std::process::ExitCode;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wharf_orchestrator::containers;
use wharf_orchestrator::plan::{self, DownOptions};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services
    #[arg(required = true)]
    services: Vec<String>,
    /// Take the whole project down once they have stopped
    #[arg(long)]
    down_project: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let existing = session.existing(&args.services).await?;
    let running = existing.containers(&args.services, false).await?;
    if running.is_empty() {
        return Err(anyhow::anyhow!("no container of {} is running", args.services.join(", ")).into());
    }
    let names = || running.iter().map(|container| format!("wait for container {}\n", container.name)).collect();
    if session.only_shows(names)? {
        return Ok(ExitCode::SUCCESS);
    }
    let mut waiting: FuturesUnordered<_> = running
        .iter()
        .map(|container| async { (&container.id, containers::exit_code(&existing.engine, &container.id).await) })
        .collect();
    let mut last = 0;
    while let Some((id, code)) = waiting.next().await {
        last = code?;
        report::print(&format!("container {id:?} exited with status code {last}\n"))?;
    }
    drop(waiting);
    if args.down_project {
        let locked = session.lock_found("down", existing).await?;
        let options = DownOptions {
            remove_orphans: true,
            providers: session.providers(&locked, &[]).await?,
            by_label: !locked.has_file,
            ..DownOptions::default()
        };
        session.change(&locked, &plan::down(&locked.project, &locked.observed, &options)).await?;
    }
    Ok(ExitCode::from(u8::try_from(last).unwrap_or(1)))
}
