//! `wharf wait`

use std::process::ExitCode;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wharf_orchestrator::observe::list_containers;
use wharf_orchestrator::plan::DownOptions;
use wharf_orchestrator::{containers, observe, plan};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services
    #[arg(required = true)]
    services: Vec<String>,
    /// Take the whole project down when they have stopped
    #[arg(long)]
    down_project: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let mut running = list_containers(&engine, Some(&project.name), false).await?;
    running.retain(|container| args.services.contains(&container.service));
    if running.is_empty() {
        return Err(anyhow::anyhow!("no container of {} is running", args.services.join(", ")).into());
    }
    let mut waiting: FuturesUnordered<_> = running
        .iter()
        .map(|container| async { (&container.id, containers::exit_code(&engine, &container.id).await) })
        .collect();
    let mut last = 0;
    while let Some((id, code)) = waiting.next().await {
        last = code?;
        report::print(&format!("container {id:?} exited with status code {last}\n"));
    }
    drop(waiting);
    if args.down_project {
        let observed = observe(&engine, &project).await?;
        let options = DownOptions { remove_orphans: true, by_label: !has_file, ..DownOptions::default() };
        session.carry_out(&plan::down(&project, &observed, &options), &project, &engine).await?;
    }
    Ok(ExitCode::from(u8::try_from(last).unwrap_or(1)))
}
