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
    let (project, observed, engine) = session.observe_existing(&args.services).await?;
    let plan = plan::pause(&project, &observed, &args.services);
    session.carry_out(&plan, &project, &engine).await
}
