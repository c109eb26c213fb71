//! `wharf pause`

use std::process::ExitCode;

use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let locked = session.lock_existing("pause", &args.services).await?;
    let plan = plan::pause(&locked.project, &locked.observed, &args.services);
    session.change(&locked, &plan).await
}
