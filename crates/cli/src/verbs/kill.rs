//! `wharf kill`

use std::process::ExitCode;

use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Signal to send
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    signal: String,
    /// Include containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let locked = session.lock_existing("kill", &args.services).await?;
    let plan = {
        let orphans = args.remove_orphans || session.is_set("COMPOSE_REMOVE_ORPHANS");
        plan::kill(&locked.project, &locked.observed, &args.services, &args.signal, orphans)
    };
    if plan.is_empty() {
        report::line("No container to kill");
    }
    session.change(&locked, &plan).await
}
