//! `wharf stop`

use std::process::ExitCode;

use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Seconds to wait for a container to stop before it is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let locked = session.lock_existing("stop", &args.services).await?;
    let plan = plan::stop(&locked.project, &locked.observed, &args.services, args.timeout);
    session.change(&locked, &plan).await
}
