//! `wharf down`

use std::process::ExitCode;

use clap::ValueEnum;
use wharf_orchestrator::plan::{self, DownOptions, RemoveImages};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to take down, keeping networks and volumes (default: the whole project)
    services: Vec<String>,
    /// Remove the project's named volumes and its containers' anonymous volumes, with their data
    #[arg(short, long)]
    volumes: bool,
    /// Also remove containers of services that are not in the file, and containers created by `run`
    #[arg(long)]
    remove_orphans: bool,
    /// Also remove images; `local`: only those without a custom name
    #[arg(long, value_name = "TYPE")]
    rmi: Option<Rmi>,
    /// Seconds to wait for a container to stop before it is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rmi {
    All,
    Local,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let locked = session.lock_existing("down", &args.services).await?;
    let options = DownOptions {
        providers: session.providers(&locked, &args.services).await?,
        services: args.services,
        volumes: args.volumes,
        remove_orphans: args.remove_orphans || session.is_set("COMPOSE_REMOVE_ORPHANS"),
        images: args.rmi.map(|which| match which {
            Rmi::All => RemoveImages::All,
            Rmi::Local => RemoveImages::Local,
        }),
        timeout: args.timeout,
        by_label: !locked.has_file,
    };
    let plan = plan::down(&locked.project, &locked.observed, &options);
    if plan.is_empty() {
        report::line(&format!("nothing to remove for project {}", locked.project.name));
    }
    session.change(&locked, &plan).await
}
